"""The command line: parse, call one operation, show the result. One file per command."""
