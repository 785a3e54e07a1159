"""Moving an environment from one release to the next: plan (pure) → journal → executor → recovery."""
