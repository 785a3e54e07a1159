"""Trying what the edge is told to do, against the running system."""
