"""`notify`: who is told of what."""

from __future__ import annotations

from typing import Annotated, Literal

from fairlead.project.sections import Section, VariableName, choice

_TO = ("slack", "discord", "e-mail", "pagerduty", "telegram", "webhook")
_To = Literal["slack", "discord", "e-mail", "pagerduty", "telegram", "webhook"]
_ON = ("started", "waiting", "promoted", "failed", "rolled-back", "recovered", "rotation-due")
_On = Literal["started", "waiting", "promoted", "failed", "rolled-back", "recovered", "rotation-due"]


class Notify(Section):
    """One item of `notify`."""

    to: Annotated[_To, choice(*_TO)]
    secret: VariableName
    on: tuple[Annotated[_On, choice(*_ON)], ...] = ("failed", "rolled-back")
