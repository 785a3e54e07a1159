"""Each kind of rotation: what it plans, and what it asks of a server."""
