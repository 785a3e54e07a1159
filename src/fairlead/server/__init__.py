"""What runs beside the command line: the keeper."""
