"""Every tick a release was judged by, as JSON lines: a policy can be tried on them again. Never in the way.

The first line says what was judged and how, each other line is a tick. The ledger has the verdicts; this has what they
were made of.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from fairlead.errors import FairleadError
from fairlead.project.stack import Judge, from_data
from fairlead.rollout.verdict.evidence import History, Mode, Tick

T = TypeVar("T")

KEPT = 20  #: recordings
LARGEST = 20 << 20  #: bytes of one; what comes after is not recorded


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged, and how."""

    rollout: int
    release: str
    stable: str
    mode: Mode
    policy: Judge
    history: History

    def to_data(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self)


class Recording:
    """Writes one; without a folder nothing is written."""

    def __init__(self, folder: Path | None, subject: Subject) -> None:
        self.path = folder / f"rollout-{subject.rollout}-{subject.mode}.jsonl" if folder else None
        if self.path and not self.path.exists():
            _forget(self.path.parent)
            self._write(subject.to_data())

    def add(self, tick: Tick) -> None:
        """One line."""
        self._write(tick.to_data())

    def _write(self, data: dict[str, Any]) -> None:
        if self.path is None:
            return
        with contextlib.suppress(OSError):  # a full disk must not decide over a release
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            if not self.path.exists() or self.path.stat().st_size < LARGEST:
                with self.path.open("a") as file:
                    file.write(json.dumps(data) + "\n")


def _forget(folder: Path) -> None:
    """The oldest ones, but for the newest `KEPT`."""
    with contextlib.suppress(OSError):
        found = sorted(folder.glob("rollout-*.jsonl"), key=lambda path: path.stat().st_mtime)
        for path in found[: -KEPT + 1]:
            path.unlink()


def read(path: Path) -> tuple[Subject, Iterable[Tick]]:
    """A recording. FairleadError, with the line, when it is none."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise FairleadError(f"{path}: cannot be read: {why}", "recordings lie in the environment's folder") from error
    if not lines:
        raise FairleadError(f"{path}: is empty", "a recording begins with a line that says what was judged")
    subject = _parsed(path, 1, lines[0], Subject)
    if subject.mode not in get_args(Mode):
        raise FairleadError(f'{path}:1: mode: expected {", ".join(get_args(Mode))}, got "{subject.mode}"')
    return subject, [_parsed(path, number, line, Tick) for number, line in enumerate(lines[1:], start=2)]


def _parsed(path: Path, number: int, line: str, kind: type[T]) -> T:
    try:
        return from_data(kind, json.loads(line))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        hint = "recordings are made by Fairlead, one JSON document a line"
        raise FairleadError(f"{path}:{number}: is not a {kind.__name__.lower()}: {error}", hint) from error
