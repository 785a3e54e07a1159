"""`templates`: the team's own files, in which `${NAME}` stands for variables."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fairlead.project.sections import Flag, Inside, Name, Section, choice
from fairlead.project.stack import Format

_FORMATS = ("json", "yaml", "xml", "nginx", "text")


class Template(Section):
    """One item of `templates`."""

    source: Annotated[Inside, Field(alias="from")]
    target: Annotated[Inside, Field(alias="to")]
    format: Annotated[Format | None, choice(*_FORMATS)] = None
    secret: Flag = False
    services: tuple[Name, ...] = ()
