"""pgBackRest as the engine: it makes, keeps and restores copies, and takes the log of the server."""
