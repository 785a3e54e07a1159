"""A stack as a Compose file, and what has to lie beside it."""

from fairlead.render.compose.project import beside, compose_project

__all__ = ["beside", "compose_project"]
