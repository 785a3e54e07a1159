"""How one release becomes the next: one pure module per strategy, a table in `plan`."""
