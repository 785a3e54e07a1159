"""What a user can ask for about environments: one file per verb."""
