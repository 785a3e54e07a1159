"""Whether roles are kept apart: tried as each of them, and read from the catalogue by itself."""
