"""Run a command beside an instance of the live release, with all that it sees. Who did so is written down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from fairlead.artifacts.origin import describe_actor
from fairlead.errors import FairleadError, UsageError
from fairlead.operations.environment import Environment, existing
from fairlead.runtimes.base import Instance
from fairlead.system.home import Place

ENTERED = "instance.entered"


def execute(place: Place, service: str, argv: Sequence[str], index: int | None = None) -> int:
    """On this terminal; the command's exit code. `index` is that of the instance; None: one that is well.

    UsageError when there is no such service, FairleadError when nothing of it runs.
    """
    with existing(place) as environment:
        one = _chosen(environment, service, index)
        told = {"instance": one.id, "program": PurePath(argv[0]).name, "origin": describe_actor()}
        environment.ledger.append(ENTERED, told)
        return environment.world.runtime.execute(one.id, argv)


def _chosen(environment: Environment, service: str, index: int | None) -> Instance:
    live, name = environment.state.live, environment.place.environment
    if live is None:
        raise UsageError(f"nothing is live in {name}", f"deploy first: fairlead deploy {name}")
    known = [one.name for one in environment.world.releases.load(live).stack.services]
    if service not in known:
        from fairlead.project.problem import did_you_mean  # noqa: PLC0415 — brings the validator

        raise UsageError(
            f'there is no service "{service}"{did_you_mean(service, known)}', f"there are {', '.join(known)}"
        )
    there = [one for one in environment.world.instances_of(live, service) if one.living]
    found = [one for one in there if index in (None, one.index)]
    if not found:
        which = f"instance {index} of {service}" if index else service
        raise FairleadError(f"{which} does not run in {name}", f"see fairlead status {name}")
    return max(found, key=lambda one: (one.verified, -one.index))
