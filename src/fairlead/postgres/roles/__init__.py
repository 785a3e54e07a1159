"""Who may do what in a database: what is wanted and what the catalogue says make a plan, as everywhere."""
