"""`deploy`: what has to be so before a deployment begins."""

from __future__ import annotations

from pydantic import Field

from fairlead.project.sections import OptionalDuration, Section


class Require(Section):
    """`deploy.require`: how old the last backup, drill and rehearsal that went well may be."""

    backup: OptionalDuration = None
    drill: OptionalDuration = None
    rehearsal: OptionalDuration = None


class Deploy(Section):
    """`deploy`."""

    require: Require = Field(default_factory=Require)
