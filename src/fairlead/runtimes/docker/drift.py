"""Is what runs what was declared? By what the engine says of each container, not by what was once asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from fairlead.engine.facts import ContainerFacts
from fairlead.engine.owner import label
from fairlead.render.container import ContainerSpec, creation
from fairlead.runtimes.base import Deviation, InstanceSpec, Listening
from fairlead.system import sockets

LIMITS = {"Memory": "memory", "NanoCpus": "cpu", "PidsLimit": "pids", "ReadonlyRootfs": "read-only root"}
_KINDS: dict[str, Literal["tcp", "udp"]] = {"tcp": "tcp", "udp": "udp"}
ALL = "0.0.0.0"  # noqa: S104 — it is told, not listened on


def deviations(
    specs: Sequence[InstanceSpec],
    there: Mapping[str, ContainerFacts],
    wanted: Callable[[InstanceSpec], ContainerSpec],
) -> tuple[Deviation, ...]:
    """Of each spec, then containers of instances that none of them names."""
    found = [one for spec in specs for one in _of(spec.id, wanted(spec), there.get(spec.id))]
    known = {spec.id for spec in specs}
    extra = sorted(id for id, one in there.items() if id not in known and label(one.labels, "kind") == "instance")
    return (*found, *(Deviation(id, "extra", found=f"{there[id].state}, not declared") for id in extra))


def _of(id: str, wanted: ContainerSpec, facts: ContainerFacts | None) -> Iterator[Deviation]:
    if facts is None or not facts.running:
        yield Deviation(id, "missing", "running", facts.state if facts else "not there")
        return
    asked = label(facts.labels, "spec")
    if asked != wanted.fingerprint:
        yield Deviation(id, "container", wanted.fingerprint, asked)
    if wanted.image.startswith("sha256:") and facts.image != wanted.image:
        yield Deviation(id, "image", wanted.image, facts.image)
    yield from _environment(id, wanted, facts)
    yield from _sets(id, wanted, facts)
    yield from _limits(id, wanted, facts)


def _environment(id: str, wanted: ContainerSpec, facts: ContainerFacts) -> Iterator[Deviation]:
    """By name only: a value may be anything. What comes from the image is not ours to compare."""
    pairs = (entry.partition("=") for entry in facts.raw["Config"].get("Env") or ())
    has = {name: value for name, _, value in pairs}
    if changed := sorted(name for name, value in wanted.env.items() if has.get(name) != value):
        yield Deviation(id, "environment", found=f"{', '.join(changed)} not as declared")


def _sets(id: str, wanted: ContainerSpec, facts: ContainerFacts) -> Iterator[Deviation]:
    networks = {one.network for one in wanted.networks}, set(facts.raw["NetworkSettings"].get("Networks") or {})
    targets = (
        {one.target for one in wanted.mounts},
        {one["Destination"] for one in facts.raw.get("Mounts") or () if one.get("Type") != "tmpfs" and not _own(one)},
    )
    ports = (
        {str(one.host_port) for one in wanted.publish},
        {
            one["HostPort"]
            for some in (facts.raw["HostConfig"].get("PortBindings") or {}).values()
            for one in some or ()
        },
    )
    for what, (should, does) in (("networks", networks), ("mounts", targets), ("ports", ports)):
        if should != does:
            yield Deviation(id, what, ", ".join(sorted(should)) or "none", ", ".join(sorted(does)) or "none")


def _own(mount: Mapping[str, object]) -> bool:
    """A volume that the image asks for and nobody named: the engine names it by a hash."""
    return mount.get("Type") == "volume" and len(str(mount.get("Name"))) == 64


def _limits(id: str, wanted: ContainerSpec, facts: ContainerFacts) -> Iterator[Deviation]:
    should, does = creation(wanted)["HostConfig"], facts.raw["HostConfig"]
    for key, what in LIMITS.items():
        if (should[key] or 0) != (does.get(key) or 0):
            yield Deviation(id, what, str(should[key]), str(does.get(key)))


def listening(there: Mapping[str, ContainerFacts]) -> tuple[Listening, ...]:
    """Every port that one takes connections on in its own network, and every one that the machine gives it."""
    found = []
    for id, facts in there.items():
        if facts.running and facts.pid:
            found += [Listening(id, row.address, row.port, inside=True) for row in sockets.listeners(facts.pid)]
            found += _published(id, facts)
    return tuple(sorted(set(found), key=lambda one: (one.id, one.port, one.address)))


def _published(id: str, facts: ContainerFacts) -> Iterator[Listening]:
    for port, bound in (facts.raw["NetworkSettings"].get("Ports") or {}).items():
        kind = _KINDS.get(port.partition("/")[2])
        for one in bound or ():
            if kind:
                yield Listening(id, one["HostIp"] or ALL, int(one["HostPort"]), kind, published=True)
