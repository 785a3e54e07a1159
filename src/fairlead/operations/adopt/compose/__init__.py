"""Compose files read, merged as Docker Compose merges them, made into services. Pure, but for what hands over text."""
