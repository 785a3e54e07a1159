"""Volumes without a name: an engine makes one wherever an image says that something is kept and the file names none.

A container that is made anew would get others, empty ones, and these would go with the one before. So they are written
down by what the engine calls them, and the next container gets them.

PLACE/stores/NAME/volumes.json   the folder of a container → its volume
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from fairlead.engine.facts import ContainerFacts
from fairlead.render.container import Mount
from fairlead.system.files import read_json, write_json

FILE = "volumes.json"
CALLED = re.compile(r"[0-9a-f]{64}")  #: by the engine, which nobody else does


def noted(folder: Path, facts: ContainerFacts | None) -> dict[str, str]:
    """Those of a store, by its folder on this machine: all that were written down, and those of its container, which
    are from now on. In those of one that never was there is nothing."""
    before: dict[str, str] = read_json(folder / FILE) or {}
    known = before | (_of(facts) if facts and facts.started else {})
    if known != before:
        write_json(folder / FILE, known, 0o600)
    return known


def _of(facts: ContainerFacts) -> dict[str, str]:
    volumes = (one for one in facts.raw.get("Mounts") or () if one.get("Type") == "volume")
    return {one["Destination"]: one["Name"] for one in volumes if CALLED.fullmatch(one.get("Name") or "")}


def mounts(known: dict[str, str], wanted: Iterable[Mount]) -> tuple[Mount, ...]:
    """They where they were, but for folders in which something else is wanted."""
    taken = {one.target for one in wanted}
    return tuple(Mount("volume", name, target) for target, name in sorted(known.items()) if target not in taken)
