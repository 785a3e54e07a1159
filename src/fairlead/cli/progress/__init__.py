"""How events look while something is under way: live on a terminal, as plain lines, or as JSON lines."""
