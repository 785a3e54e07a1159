"""The Docker engine of this machine: the only code that talks to it."""
