"""What a person asks for of backups: one file for each."""
