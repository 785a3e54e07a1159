"""What people do with secrets."""
