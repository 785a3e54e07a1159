"""Copies of data: made, kept elsewhere, looked after, and put back."""
