"""The formats there are; text is none, it is anything."""

from __future__ import annotations

from fairlead.render.formats.base import Format
from fairlead.render.formats.json import Json
from fairlead.render.formats.nginx import Nginx
from fairlead.render.formats.xml import Xml


def format_of(name: str) -> Format | None:
    """The format of that name; None for text."""
    if name == "yaml":
        from fairlead.render.formats.yaml import Yaml  # noqa: PLC0415 - brings ruamel.yaml

        return Yaml()
    kinds: dict[str, type[Json | Nginx | Xml]] = {"json": Json, "nginx": Nginx, "xml": Xml}
    return kinds[name]() if name in kinds else None
