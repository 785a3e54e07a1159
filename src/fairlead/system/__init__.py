"""The only door outside: run a command, write a file durably, lock, probe over HTTP, read the clock."""
