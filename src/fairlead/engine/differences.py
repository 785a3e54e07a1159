"""In what a container differs from what it is meant to be. Pure: from a spec and what the engine shows.

Not by the label with the fingerprint: that says what was asked for, and somebody may have changed a container since
(`docker update`, `docker network connect`), or made one by hand under our name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fairlead.engine.facts import ContainerFacts
from fairlead.engine.limits import as_made
from fairlead.render.container import ContainerSpec, creation


class Difference(NamedTuple):
    """One part that differs. Values of variables are never told, only their names."""

    what: str
    wanted: str
    found: str


LIMITS = {
    "Memory": "memory limit", "NanoCpus": "processor limit", "PidsLimit": "limit of processes",
    "ReadonlyRootfs": "read-only file system", "Init": "init",
}  # fmt: skip
LISTS = {
    "CapAdd": "capabilities", "CapDrop": "capabilities that are dropped", "SecurityOpt": "security options",
    "ExtraHosts": "names that it knows",
}  # fmt: skip


def differences(spec: ContainerSpec, facts: ContainerFacts) -> tuple[Difference, ...]:
    """All of them; none when it is what the spec says."""
    wanted = creation(as_made(spec, facts.labels))
    return (
        *_of_config(wanted, facts.raw["Config"], facts.image),
        *_of_host(wanted["HostConfig"], facts.raw["HostConfig"]),
        *_of_mounts(spec, facts.raw.get("Mounts") or []),
        *_of_networks(spec, facts),
    )


def _of_config(wanted: Mapping[str, Any], found: Mapping[str, Any], image: str) -> Iterator[Difference]:
    if wanted["Image"].startswith("sha256:") and image != wanted["Image"]:
        yield Difference("image", wanted["Image"], image)
    for key, what in (("Cmd", "command"), ("Entrypoint", "entry point")):
        if wanted[key] is not None and (found.get(key) or None) != wanted[key]:
            yield Difference(what, str(wanted[key]), str(found.get(key)))
    for key, what in (("User", "user"), ("WorkingDir", "folder"), ("StopSignal", "stop signal")):
        if wanted[key] and (found.get(key) or "") != wanted[key]:
            yield Difference(what, wanted[key], found.get(key) or "none")
    yield from _of_environment(wanted["Env"], found.get("Env") or [])


def _of_environment(wanted: list[str], found: list[str]) -> Iterator[Difference]:
    """By name. The image's own variables are there too."""
    has = dict(_pair(entry) for entry in found)
    changed = sorted(name for name, value in map(_pair, wanted) if has.get(name) != value)
    if changed:
        yield Difference("environment", "", f"{', '.join(changed)} not as declared")


def _pair(entry: str) -> tuple[str, str]:
    name, _, value = entry.partition("=")
    return name, value


def _of_host(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    if found.get("Privileged"):
        yield Difference("privileges", "none", "privileged")
    for key, what in LIMITS.items():
        if (found.get(key) or 0) != (wanted[key] or 0):
            yield Difference(what, str(wanted[key] or "none"), str(found.get(key) or "none"))
    for key, what in LISTS.items():
        if _names(found.get(key)) != _names(wanted[key]):
            yield Difference(what, _told(wanted[key]), _told(found.get(key)))
    if _ports(found.get("PortBindings")) != _ports(wanted["PortBindings"]):
        yield Difference("ports", _told(_ports(wanted["PortBindings"])), _told(_ports(found.get("PortBindings"))))
    policy = (found.get("RestartPolicy") or {}).get("Name") or "no"
    if policy != wanted["RestartPolicy"]["Name"]:
        yield Difference("restart policy", wanted["RestartPolicy"]["Name"], policy)


def _names(some: Any) -> list[str]:
    """An engine may write CAP_CHOWN for CHOWN, and leave out `:true`."""
    return sorted(str(one).removeprefix("CAP_").removesuffix(":true") for one in some or ())


def _ports(bindings: Mapping[str, Any] | None) -> list[str]:
    rows = ((port, one) for port, some in (bindings or {}).items() for one in some or ())
    return sorted(f"{one.get('HostIp') or ''}:{one.get('HostPort')}→{port}" for port, one in rows)


def _told(some: Any) -> str:
    return ", ".join(map(str, some or ())) or "none"


def _of_mounts(spec: ContainerSpec, found: list[Mapping[str, Any]]) -> Iterator[Difference]:
    """Temporary file systems in memory are none of the engine's mounts."""
    wanted = sorted(f"{one.source}:{one.target}:{'ro' if one.read_only else 'rw'}" for one in spec.mounts)
    has = sorted(_mount(one) for one in found if one.get("Type") in ("bind", "volume"))
    anonymous = {one for one in has if one not in wanted and len(one.partition(":")[0]) == 64}
    rest = [one for one in has if one not in anonymous]
    if rest != wanted:
        yield Difference("mounts", _told(wanted), _told(rest))


def _mount(one: Mapping[str, Any]) -> str:
    source = one.get("Name") if one.get("Type") == "volume" else one.get("Source")
    return f"{source}:{one.get('Destination')}:{'rw' if one.get('RW') else 'ro'}"


def _of_networks(spec: ContainerSpec, facts: ContainerFacts) -> Iterator[Difference]:
    if spec.beside:
        return
    wanted = sorted(one.network for one in spec.networks)
    found = sorted(name for name in facts.raw["NetworkSettings"].get("Networks") or {} if name != "none")
    if wanted != found:
        yield Difference("networks", _told(wanted), _told(found))
