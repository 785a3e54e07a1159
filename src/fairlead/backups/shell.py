"""Where the files of a store are at hand: scripts that run there, on this machine or in a container."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fairlead.backups.destinations.base import Write
from fairlead.backups.sealing import Source
from fairlead.errors import FairleadError
from fairlead.masking import masked
from fairlead.system import pipes
from fairlead.system.commands import Command, run

if TYPE_CHECKING:
    from fairlead.engine.engine import Engine

SHOWN = 5  #: lines of what a script says
TIMEOUT = 3600.0  #: seconds for one that moves names and removes what is not wanted any more


class Shell(Protocol):
    """A shell there. A script finds its arguments in `$1`, `$2` …; no argument is secret."""

    def run(self, what: str, script: str, *arguments: str) -> str:
        """Its output. FairleadError, with the last it said, unless it ends with 0."""

    def reading(self, what: str, script: str, *arguments: str) -> AbstractContextManager[Source]:
        """What it writes. The same."""

    def feeding(self, what: str, script: str, *arguments: str) -> AbstractContextManager[Write]:
        """Write to it. The same."""

    def beside(self, what: str, log: str, script: str, *arguments: str) -> AbstractContextManager[None]:
        """One that goes on meanwhile, and says what it says into `log`. It has ended, or is ended, after the block."""


@dataclass(frozen=True, slots=True)
class Here:
    """On this machine, as who Fairlead runs as."""

    def run(self, what: str, script: str, *arguments: str) -> str:
        """To its end."""
        outcome = run(_command(script, arguments, TIMEOUT))
        return _required(what, outcome.code, outcome.output)

    def reading(self, what: str, script: str, *arguments: str) -> AbstractContextManager[Source]:
        """By a pipe."""
        return pipes.reading(_command(script, arguments), what)

    def feeding(self, what: str, script: str, *arguments: str) -> AbstractContextManager[Write]:
        """By a pipe."""
        return pipes.feeding(_command(script, arguments), what)

    @contextlib.contextmanager
    def beside(self, what: str, log: str, script: str, *arguments: str) -> Iterator[None]:
        """Gone with this process, too."""
        with pipes.running(_command(script, arguments), Path(log), what):
            yield


@dataclass(frozen=True)
class Contained:
    """In a container that runs, as who it runs as."""

    engine: Engine
    name: str

    def run(self, what: str, script: str, *arguments: str) -> str:
        """To its end."""
        ran = self.engine.run(self.name, _argv(script, arguments))
        return _required(what, ran.code, ran.output)

    def reading(self, what: str, script: str, *arguments: str) -> AbstractContextManager[Source]:
        """By the engine's pipe."""
        from fairlead.engine.pipes import Inside  # noqa: PLC0415 — only with an engine

        return Inside(self.engine, self.name, {}).reading(_argv(script, arguments), what)

    def feeding(self, what: str, script: str, *arguments: str) -> AbstractContextManager[Write]:
        """By the engine's pipe."""
        from fairlead.engine.pipes import Inside  # noqa: PLC0415 — only with an engine

        return Inside(self.engine, self.name, {}).feeding(_argv(script, arguments), what)

    @contextlib.contextmanager
    def beside(self, what: str, log: str, script: str, *arguments: str) -> Iterator[None]:
        """Whoever has the container removed ends it."""
        self.run(what, f'log=$1; shift; ( {script}\n) >"$log" 2>&1 </dev/null &', log, *arguments)
        yield


def _argv(script: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
    return ("sh", "-c", script, "sh", *arguments)


def _command(script: str, arguments: tuple[str, ...], timeout: float | None = None) -> Command:
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    return Command(_argv(script, arguments), cwd=Path("/"), env=env, timeout=timeout)


def _required(what: str, code: int, output: str) -> str:
    if code != 0:
        lines = [line for line in masked(output).splitlines() if line.strip()][-SHOWN:]
        raise FairleadError(f"{what}: " + ("\n  ".join(lines) or f"exited with {code}"))
    return output
