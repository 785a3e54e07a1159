"""The values of secrets: where they are kept, and how they are made, compared and changed."""
