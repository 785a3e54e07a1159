"""The same commands on another machine: what they need goes there, what they say comes back."""
