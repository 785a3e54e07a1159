"""Finds values that stand where they must not: the project's own, and what looks like a key of a known service."""
