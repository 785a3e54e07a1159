"""`jobs`: commands that run once in a rollout."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fairlead.project.sections import (
    CommandLine,
    Duration,
    Name,
    OptionalInside,
    OptionalName,
    Section,
    VariableName,
    Written,
    choice,
)
from fairlead.project.services import Prepare, ServiceSecret

_WHEN = choice("before-traffic", "after-traffic")


class Job(Section):
    """One entry of `jobs`."""

    like: OptionalName = None
    source: OptionalInside = None
    prepare: Prepare | None = None
    command: CommandLine
    when: Annotated[Literal["before-traffic", "after-traffic"], _WHEN] = "before-traffic"
    env: dict[VariableName, Written] = Field(default_factory=dict)
    timeout: Duration = 600.0
    needs: tuple[Name, ...] = ()
    secrets: tuple[ServiceSecret, ...] = ()
