"""Is what runs what was declared? By the stored specs, and by what the kernel says of each process. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from fairlead.runtimes.base import Deviation, Instance, InstanceSpec, Listening
from fairlead.runtimes.process.folder import INSTANCE_MARK, ProcessFolder
from fairlead.system import processes, sockets

COMPARED = {"argv": "program", "cwd": "folder", "health": "health check", "stop": "stop"}  #: parts of a spec


def deviations(
    specs: Sequence[InstanceSpec], seen: Iterable[Instance], folder: Callable[[str], ProcessFolder]
) -> tuple[Deviation, ...]:
    """Of each spec, then instances that none of them names. A job that has ended is what it should be."""
    there = {one.id: one for one in seen}
    found = [one for spec in specs for one in _of(spec, there.get(spec.id), folder(spec.id))]
    known = {spec.id for spec in specs}
    extra = sorted(id for id, one in there.items() if id not in known and (one.living or not one.job))
    return (*found, *(Deviation(id, "extra", found=f"{there[id].phase}, not declared") for id in extra))


def _of(spec: InstanceSpec, one: Instance | None, folder: ProcessFolder) -> Iterator[Deviation]:
    if one is None or not one.living:
        yield Deviation(spec.id, "missing", "running", one.phase if one else "not there")
        return
    if one.phase == "survivor":
        yield Deviation(spec.id, "supervision", found="no supervisor looks after it")
    stored, wanted = folder.spec() or {}, folder.described(spec, one.port)
    if stored.get("damaged"):
        yield Deviation(spec.id, "description", found="damaged")
        return
    for key, what in COMPARED.items():
        if _plain(stored.get(key)) != _plain(wanted[key]):
            yield Deviation(spec.id, what, str(wanted[key]), str(stored.get(key)))
    yield from _environment(spec.id, wanted["env"], stored.get("env", {}), "environment")
    if one.pid:
        yield from _process(spec.id, wanted, one.pid)


def _process(id: str, wanted: dict[str, Any], pid: int) -> Iterator[Deviation]:
    """What the kernel says of the process itself; nothing where it does not say."""
    try:
        cwd = os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115 — it may be gone
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return
    if os.path.realpath(wanted["cwd"]) != os.path.realpath(cwd):
        yield Deviation(id, "folder of the process", wanted["cwd"], cwd)
    pairs = (os.fsdecode(entry).partition("=") for entry in raw.split(b"\0") if entry)
    has = {name: value for name, _, value in pairs}
    if INSTANCE_MARK in has:  # a program that shows a title of its own has overwritten all of it
        yield from _environment(id, wanted["env"], has, "environment of the process")


def _environment(id: str, wanted: dict[str, str], has: dict[str, str], what: str) -> Iterator[Deviation]:
    """By name only: a value may be anything."""
    changed = sorted(name for name, value in wanted.items() if has.get(name) != value)
    if changed:
        yield Deviation(id, what, found=f"{', '.join(changed)} not as declared")


def _plain(value: object) -> object:
    """As it is after a way through JSON."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def listening(seen: Iterable[Instance]) -> tuple[Listening, ...]:
    """Every port on which a process of an instance's group takes connections."""
    table = sockets.listeners()
    found = []
    for one in seen:
        held = sockets.held_by(processes.group_members(one.pid)) if one.pid else frozenset()
        found += [Listening(one.id, row.address, row.port) for row in table if row.inode in held]
    return tuple(sorted(set(found), key=lambda one: (one.id, one.port, one.address)))
