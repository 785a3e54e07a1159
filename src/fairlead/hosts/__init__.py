"""Other machines, and how to talk with the Fairlead there."""
