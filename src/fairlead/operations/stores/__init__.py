"""The stores of an environment: made, started, changed when a person agrees, never touched by a release otherwise."""
