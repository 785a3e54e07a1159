"""What can be done to the databases of a stack: look, migrate, undo, validate, repair, baseline, adopt."""
