"""What a store declares, and what runs it: a program of this machine, or a container."""
