"""Physical backups: copies of the data files, and the log that leads from one to any later moment."""
