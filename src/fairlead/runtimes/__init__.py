"""Where instances run: one protocol (`base`), one module per runtime, an explicit table."""
