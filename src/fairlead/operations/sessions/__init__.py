"""Sessions of a database server: whoever holds a lock, and how many there are."""
