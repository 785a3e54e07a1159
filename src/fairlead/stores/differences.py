"""In what a store that runs differs from how it was made. Changes nothing.

Not from how it is declared by now: a store is made anew by a person's word alone, and that is no drift.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairlead.engine.differences import Difference, differences
from fairlead.engine.facts import ContainerFacts
from fairlead.render.container import ContainerSpec
from fairlead.stores.base import Phase

MISSING = "missing"
RUNS = ("running", "paused", "restarting")  #: states of a container that lives, or will in a moment


def of_container(facts: ContainerFacts | None, wanted: Callable[[], ContainerSpec]) -> Iterator[Difference]:
    """By what the engine says of it."""
    if facts is None or facts.state not in RUNS:
        yield Difference(MISSING, "running", facts.state if facts else "not there")
    if facts is not None:
        yield from differences(wanted(), facts)


def of_program(
    phase: Phase, wanted: Mapping[str, Any], written: Mapping[str, Any], names: Sequence[str], data: Path
) -> Iterator[Difference]:
    """By what its launcher reads, and its data. `names`: programs, wherever on this machine they lie.

    Its variables are those of its kind; what it inherits is of whoever began it.
    """
    if phase not in ("running", "starting"):
        yield Difference(MISSING, "running", phase)
    if not data.is_dir():
        yield Difference("data", str(data), "not there")
    if _named(written.get("argv") or (), names) != _named(wanted["argv"], names):
        yield Difference("program", " ".join(wanted["argv"]), " ".join(map(str, written.get("argv") or ())) or "none")
    if written.get("user") != wanted["user"]:
        yield Difference("user", _told(wanted["user"]), _told(written.get("user")))
    has = written.get("env") or {}
    if changed := sorted(name for name, value in wanted["env"].items() if has.get(name) != value):
        yield Difference("environment", "", f"{', '.join(changed)} not as it was made")


def of_listeners(addresses: Iterable[str]) -> Iterator[Difference]:
    """A program of this machine is at its loopback."""
    if beyond := sorted(one for one in addresses if not ipaddress.ip_address(one).is_loopback):
        yield Difference("ports", "loopback", ", ".join(beyond))


def _named(argv: Iterable[Any], names: Sequence[str]) -> list[str]:
    return [Path(str(word)).name if Path(str(word)).name in names else str(word) for word in argv]


def _told(user: Any) -> str:
    return str(user[0]) if user else "who Fairlead runs as"
