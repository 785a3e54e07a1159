"""A value that only the services themselves know: session keys, keys of forms. They restart one by one."""

from __future__ import annotations

from fairlead.project.stack import Rotate
from fairlead.secrets.rotation.kinds.base import RotationKind
from fairlead.secrets.rotation.steps import Kind, Step, numbered

_KINDS: tuple[Kind, ...] = ("stage", "publish", "store", "spread", "retire")


def plan(secret: str, rotate: Rotate) -> tuple[Step, ...]:
    """Nobody else has to accept it."""
    return numbered(Step(kind, secret) for kind in _KINDS)


PLAIN = RotationKind(plan, longest=lambda rotate: 0.0)
