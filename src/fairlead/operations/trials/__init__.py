"""Trials of migrations on copies of databases: what an undo costs, what a migration locks and breaks."""
