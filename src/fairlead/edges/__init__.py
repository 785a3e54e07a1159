"""What sends requests to instances, by weight: one protocol (`base`), one module per edge, an explicit table."""
