"""Whoever comes next goes on with a rotation: the keeper when its time has come, the next command, after a kill too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.masking import Secret, concealed
from fairlead.operations.environment import Environment
from fairlead.operations.transition import prepare_environment
from fairlead.project.stack import SecretSpec, from_data
from fairlead.rollout.journal import open_rollout
from fairlead.secrets.base import ReadOnly
from fairlead.secrets.rotation.journal import OpenRotation, open_rotation, open_rotations

if TYPE_CHECKING:
    from fairlead.operations.rotation.executor import Rotator, Store
    from fairlead.secrets.rotation.kinds.base import RotationKind

KILLED = "whoever rotated it was killed"


def rotator_of(
    environment: Environment, rotation: OpenRotation, kinds: Mapping[str, RotationKind] | None = None,
    store: Store | None = None, hurry: bool = False,
) -> Rotator:  # fmt: skip
    """Who carries it; `kinds` in place of all there are. Without `store` its back end is that of where it began."""
    from fairlead.operations.rotation.executor import Rotator  # noqa: PLC0415 — only where something is rotated
    from fairlead.secrets.rotation.kinds.table import KINDS  # noqa: PLC0415

    spec = from_data(SecretSpec, rotation.facts["spec"])
    keep = store or (lambda values: _store(environment, rotation, values))
    return Rotator(environment, rotation, spec, (kinds or KINDS)[spec.rotate.kind], keep, hurry=hurry)


def _store(environment: Environment, rotation: OpenRotation, values: Mapping[str, Secret]) -> None:
    from fairlead.secrets.table import backend_of  # noqa: PLC0415 — as above

    live = environment.state.live
    if live is None:
        raise FairleadError(f"nothing is live, so nobody knows where {rotation.secret} is kept")
    stack = environment.world.releases.load(live).stack
    backend_of(stack, Path(str(rotation.facts["root"]))).set(values)


def advance(rotator: Rotator) -> float:
    """Go on with it, forward or back. Seconds that have to pass until it goes on; 0: it has come to its end.

    FairleadError when it can go neither way now: then it stays as it is, and both values are accepted.
    """
    rotation = rotator.rotation
    if rotation.reason is not None:
        return rotator.back(rotation.reason)
    if not rotation.published and rotation.last is None:
        return rotator.back(KILLED)
    try:
        return rotator.go()
    except FairleadError as error:
        now = open_rotation(rotator.environment.ledger, rotation.secret)
        if now is None or (now.published and not isinstance(error, ReadOnly)):
            raise  # but for a back end that will never take it, going on is tried again
        rotator.rotation = now
        return rotator.back(concealed(error.message))


def recover(environment: Environment, kinds: Mapping[str, RotationKind] | None = None) -> tuple[str, ...]:
    """Go on with all whose time has come, and finish or undo what somebody left. The caller holds the lock.

    What cannot go on now is said, and is no reason not to do something else: both values are accepted meanwhile.
    Returns the names of those that are not at their end.
    """
    left = []
    for rotation in open_rotations(environment.ledger):
        try:
            if rotation.left() > 0 or advance(rotator_of(environment, rotation, kinds)) > 0:
                left.append(rotation.secret)
        except FairleadError as error:
            left.append(rotation.secret)
            environment.world.say("note", f"the rotation of {rotation.secret} stays as it is: {error.message}")
    return tuple(left)


def prepare(environment: Environment, kinds: Mapping[str, RotationKind] | None = None) -> None:
    """`prepare_environment`, and the same for rotations."""
    prepare_environment(environment)
    recover(environment, kinds)


def ripe(environment: Environment) -> bool:
    """Whether a rotation can go on now that nobody carries. None does while a rollout is under way."""
    if open_rollout(environment.ledger) is not None:
        return False
    return any(one.left() <= 0 for one in open_rotations(environment.ledger))
