"""A stack as a Compose file."""

from fairlead.render.compose.project import compose_project

__all__ = ["compose_project"]
