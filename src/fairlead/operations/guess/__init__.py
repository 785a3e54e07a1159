"""What kind of project is in a folder: read from its files, never by running them."""
