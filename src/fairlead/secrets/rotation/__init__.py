"""How a secret is changed while it is in use: plan, states, kinds, and what must hold. Nothing here acts by itself."""
