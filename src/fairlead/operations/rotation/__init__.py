"""Rotations: carried out step by step, undone or finished by whoever comes next."""
