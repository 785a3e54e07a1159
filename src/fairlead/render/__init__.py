"""Stack in, files out. Pure: no input or output."""
