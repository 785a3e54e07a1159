"""Programs at the end of a pipe: what one writes is read, or one is fed, and never is the whole in memory."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fairlead.errors import FairleadError
from fairlead.masking import masked
from fairlead.system.commands import Command

SAID = 4096  #: bytes of what a program says that are looked at
SHOWN = 4  #: lines of it


@dataclass(frozen=True, slots=True)
class Who:
    """A user of the machine by number, whom root runs a program as."""

    uid: int
    gid: int

    def options(self) -> dict[str, object]:
        """For subprocess."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


class Ended(FairleadError):
    """A program ended with another code than 0."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def reading(command: Command, what: str, who: Who | None = None) -> Iterator[IO[bytes]]:
    """What a program writes. Ended, with what it said last, unless all of it was read and it ended with 0."""
    with (
        tempfile.TemporaryFile() as said,
        _started(command, what, stdout=subprocess.PIPE, stderr=said, who=who) as child,
    ):
        if child.stdout is None:
            raise AssertionError("it is a pipe")
        try:
            yield child.stdout
        except BaseException:
            _end(child)
            raise
        child.stdout.close()
        _require(child.wait(), what, said)


@contextlib.contextmanager
def feeding(command: Command, what: str) -> Iterator[Callable[[bytes], None]]:
    """Write to a program. FairleadError, with what it said last, unless it read to the end and ended with 0."""
    with tempfile.TemporaryFile() as said, _started(command, what, subprocess.PIPE, said, said) as child:
        if child.stdin is None:
            raise AssertionError("it is a pipe")
        try:
            yield child.stdin.write  # type: ignore[misc]
            child.stdin.close()
        except BrokenPipeError:  # its exit code says why it reads no more
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
            _require(child.wait(), what, said)
            raise FairleadError(f"{what}: it read no further") from None
        except BaseException:
            _end(child)
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
            raise
        _require(child.wait(), what, said)


@contextlib.contextmanager
def running(command: Command, log: Path, what: str, who: Who | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A program beside this one, whose output goes to `log`; ended, and gone, when the block is left or this ends."""
    with (
        open(log, "ab") as said,
        _started(command, what, subprocess.DEVNULL, said, said, who, _with_parent(os.getpid())) as child,
    ):
        try:
            yield child
        finally:
            _end(child, signal.SIGINT, 30.0)


def _started(
    command: Command, what: str, stdin: object = subprocess.DEVNULL, stdout: object = None, stderr: object = None,
    who: Who | None = None, tied: Callable[[], None] | None = None,
) -> subprocess.Popen[bytes]:  # fmt: skip
    try:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            command.argv, cwd=command.cwd, env=command.env, stdin=stdin, stdout=stdout, stderr=stderr,
            start_new_session=True, preexec_fn=tied, **(who.options() if who else {}),  # noqa: PLW1509
        )  # fmt: skip
    except OSError as error:
        raise FairleadError(f"{what}: {command.argv[0]}: {error.strerror}", "see whether it is installed") from error


def _with_parent(parent: int) -> Callable[[], None] | None:
    """In the child, as who it is by then: the kernel ends it when we are killed (Linux, prctl(2)).

    Between fork and exec it calls the C library alone, which other threads of ours do not hold up.
    """
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # noqa: PLC0415 — only where something is started

    libc, number = ctypes.CDLL(None), int(signal.SIGQUIT)

    def tie() -> None:
        libc.prctl(1, number)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    return tie


def _end(child: subprocess.Popen[bytes], first: signal.Signals = signal.SIGKILL, grace: float = 5.0) -> None:
    for number, seconds in ((first, grace), (signal.SIGKILL, None)):
        if child.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if number == signal.SIGKILL else os.kill)(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)


def _require(code: int, what: str, said: IO[bytes]) -> None:
    if code != 0:
        lines = [line for line in masked(_tail(said)).splitlines() if line.strip()][-SHOWN:]
        raise Ended(f"{what}: " + ("\n  ".join(lines) or f"exited with {code}"), code)


def _tail(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - SAID))
    return said.read().decode(errors="replace")
