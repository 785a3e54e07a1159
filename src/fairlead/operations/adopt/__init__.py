"""What a team has already (Compose files, `.env` files, a Procfile, a Dockerfile) made into a project file."""
