"""What a user can ask for about secrets: one file per verb."""
