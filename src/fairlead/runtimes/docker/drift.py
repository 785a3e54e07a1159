"""Is what runs what was declared? By what the engine says of each container, not by what was once asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from fairlead.engine.differences import differences
from fairlead.engine.engine import Engine
from fairlead.engine.facts import ContainerFacts
from fairlead.engine.networks import changed, strangers
from fairlead.engine.owner import Owner, label
from fairlead.render.container import ContainerSpec
from fairlead.runtimes.base import Deviation, InstanceSpec, Listening
from fairlead.system import sockets

_KINDS: dict[str, Literal["tcp", "udp"]] = {"tcp": "tcp", "udp": "udp"}
NAMES = "127.0.0.11"  #: where the engine itself answers for names, in every container
ALL = "0.0.0.0"  # noqa: S104 — it is told, not listened on


def deviations(
    specs: Sequence[InstanceSpec],
    there: Mapping[str, ContainerFacts],
    wanted: Callable[[InstanceSpec], ContainerSpec],
) -> tuple[Deviation, ...]:
    """Of each spec, then containers that none of them names. A job that has ended is what it should be."""
    found = [one for spec in specs for one in _of(spec.id, wanted(spec), there.get(spec.id))]
    known = {spec.id for spec in specs}
    extra = sorted(id for id, one in there.items() if id not in known and not _ended_job(one))
    return (*found, *(Deviation(id, "extra", found=f"{there[id].state}, not declared") for id in extra))


def _of(id: str, wanted: ContainerSpec, facts: ContainerFacts | None) -> Iterator[Deviation]:
    if facts is None or not facts.running:
        yield Deviation(id, "missing", "running", facts.state if facts else "not there")
        return
    for what, should, does in differences(wanted, facts):
        yield Deviation(id, what, should, does)


def of_networks(engine: Engine, owner: Owner) -> Iterator[Deviation]:
    """Somebody else who joined one, and networks that were made otherwise."""
    for network, container in strangers(engine, owner):
        remedy = f"docker network disconnect --force {network} {container}"
        yield Deviation(f"network {network}", "stranger", found=f"container {container} is in it", remedy=remedy)
    for network, wanted, found in changed(engine, owner):
        remedy = f"end the environment, then have it again: fairlead stop {owner.environment}"
        yield Deviation(
            f"network {network}", "made otherwise", wanted, found, f"{remedy}; fairlead up {owner.environment}"
        )


def _ended_job(one: ContainerFacts) -> bool:
    return label(one.labels, "kind") == "job" and not one.running


def listening(there: Mapping[str, ContainerFacts]) -> tuple[Listening, ...]:
    """Every port that one takes connections on in its own network, and every one that the machine gives it."""
    found = []
    for id, facts in there.items():
        if facts.running and facts.pid:
            own = (row for row in sockets.listeners(facts.pid) if row.address != NAMES)
            found += [Listening(id, row.address, row.port, inside=True) for row in own]
            found += _published(id, facts)
    return tuple(sorted(set(found), key=lambda one: (one.id, one.port, one.address)))


def _published(id: str, facts: ContainerFacts) -> Iterator[Listening]:
    for port, bound in (facts.raw["NetworkSettings"].get("Ports") or {}).items():
        kind = _KINDS.get(port.partition("/")[2])
        for one in bound or ():
            if kind:
                yield Listening(id, one["HostIp"] or ALL, int(one["HostPort"]), kind, published=True)
