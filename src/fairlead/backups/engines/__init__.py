"""What copies the data files of a PostgreSQL: two engines behind one protocol."""
