"""A server of files: what `static` of a service runs. It imports nothing else of Fairlead."""
