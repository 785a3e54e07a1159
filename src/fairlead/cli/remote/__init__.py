"""Commands for an environment that runs on another machine: which of them go there, and how they look here."""
