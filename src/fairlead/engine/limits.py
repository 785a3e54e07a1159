"""What a container may use where the project file says nothing: nearly all of the machine, but not all of it.

One that leaks, or spins, is then the one that suffers: the kernel ends it alone, and leaves what others stand on (sshd,
the engine, the database beside it). Whatever ran before has room enough, since no machine gives one program more. How
much it was is written on the container, as a machine's memory differs a little after each boot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fairlead.engine.owner import PREFIX, label
from fairlead.project.stack_container import Resources
from fairlead.render.container import ContainerSpec

SHARE = 0.8  #: of the memory
SPARED = 0.25  #: of a processor
MOST = "most"  #: the label


def most_of(info: Mapping[str, Any]) -> Resources:
    """From what `GET /info` answers; nothing where the engine cannot hold anybody to it."""
    memory = int(info.get("MemTotal") or 0) * SHARE if info.get("MemoryLimit") else 0
    processors = float(info.get("NCPU") or 0) if info.get("CpuCfsQuota") else 0.0
    return Resources(max(0.0, processors - SPARED) or None, int(memory) >> 20 << 20 or None)


def bounded(spec: ContainerSpec, most: Resources) -> ContainerSpec:
    """With these where it says nothing of its own."""
    own = spec.resources
    if own.cpu is not None and own.memory is not None:
        return spec
    held = _beside_reserved(most, spec.more)
    labels = {**spec.labels, PREFIX + MOST: f"{held.cpu or 0:g} {held.memory or 0}"}
    return replace(spec, labels=labels, resources=_filled(own, held), swap=own.memory is None)


def _beside_reserved(most: Resources, more: Mapping[str, Any]) -> Resources:
    """No less than what is to be kept free for it: an engine refuses that."""
    reserved = int(more.get("MemoryReservation") or 0)
    return replace(most, memory=max(most.memory, reserved)) if most.memory else most


def as_made(spec: ContainerSpec, labels: Mapping[str, str]) -> ContainerSpec:
    """With those that a container got when it was made; one that an earlier Fairlead made got none."""
    cpu, _, memory = label(labels, MOST).partition(" ")
    try:
        most = Resources(float(cpu), int(memory))
    except ValueError:
        return spec
    return replace(spec, resources=_filled(spec.resources, most), swap=spec.resources.memory is None)


def _filled(own: Resources, most: Resources) -> Resources:
    return Resources(most.cpu if own.cpu is None else own.cpu, most.memory if own.memory is None else own.memory)
