"""What a store is in its container, the same for an engine and for Compose: image, command, variables, files. Pure."""
