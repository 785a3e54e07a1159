"""One file per thing a user can ask for. The command line and the server call these, and decide nothing themselves."""
