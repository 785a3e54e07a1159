"""Commands as values; running one is a separate act with a recorded outcome. Never a shell string."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.masking import Secret, concealed, masked


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. `env` replaces the environment when given.

    A secret goes in by `stdin`, or by a file, never by `argv`: everybody on the machine can read that.
    """

    argv: tuple[str, ...]
    cwd: Path | None = None
    env: dict[str, str] | None = field(default=None, repr=False)
    timeout: float | None = None  #: seconds, then the whole process group is killed
    stdin: str | Secret | None = field(default=None, repr=False)
    apart: bool = False  #: what it says on stderr is kept apart from its output

    def shown(self) -> str:
        """The command line as a person may see it."""
        return concealed(shlex.join(self.argv))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. Truthy when the command exited with 0."""

    command: Command
    code: int
    output: str = field(repr=False)  #: stdout and stderr as they came; stdout alone when the command wants them apart
    seconds: float
    timed_out: bool = field(default=False)
    errors: str = field(default="", repr=False)  #: stderr, when the command wants it apart

    def __bool__(self) -> bool:
        return self.code == 0

    def require(self, what: str) -> Outcome:
        """Itself when it succeeded; FairleadError with the last lines of its output, masked, otherwise."""
        if self:
            return self
        why = "took too long and was ended" if self.timed_out else f"exited with {self.code}"
        tail = "\n".join("  " + line for line in masked(self.output).strip().splitlines()[-15:])
        raise FairleadError(f"{what}: `{self.command.shown()}` {why}" + (f"\n{tail}" if tail else ""))


def run(command: Command, on_line: Callable[[str], None] | None = None) -> Outcome:
    """Run to the end and return the outcome. A program that is not there is an outcome too (code 127)."""
    begun = time.monotonic()
    try:
        child = subprocess.Popen(
            command.argv, cwd=command.cwd, env=command.env, text=True, errors="replace", start_new_session=True,
            stdin=subprocess.PIPE if command.stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE if command.apart else subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        return Outcome(command, 127, f"{command.argv[0]}: {error.strerror}", 0.0)
    with child:
        try:
            output, errors = _collect(child, command, on_line)
        except subprocess.TimeoutExpired as error:
            _end_group(child)
            return Outcome(command, child.returncode, _text(error.output), time.monotonic() - begun, timed_out=True)
        except BaseException:
            _end_group(child)
            raise
    return Outcome(command, child.returncode, output, time.monotonic() - begun, errors=errors)


def attached(argv: Sequence[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> int:
    """Run a program that a person uses on this very terminal, an editor; its exit code, 127 when it is not there.

    Ctrl-C goes to it alone meanwhile.
    """
    before = signal.signal(signal.SIGINT, lambda *_: None)  # a handler, unlike SIG_IGN, is not inherited
    try:
        code = subprocess.call(argv, cwd=cwd, env=env)
        return code if code >= 0 else 128 - code  # as a shell tells of a signal
    except OSError:
        return 127
    finally:
        signal.signal(signal.SIGINT, before)


def begin(command: Command, log: Path) -> None:
    """Start it in a session of its own and go on: it outlives us. What it says goes to `log`, written anew.

    By exec: it has nothing of ours open. FairleadError when it cannot be started.
    """
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as said:
        try:
            subprocess.Popen(
                command.argv, cwd=command.cwd, env=command.env, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise FairleadError(f"{command.argv[0]}: {error.strerror}", "see whether it is installed") from error


def _collect(child: subprocess.Popen[str], command: Command, on_line: Callable[[str], None] | None) -> tuple[str, str]:
    """Its output and, where they are apart, its errors."""
    if on_line is None or command.timeout is not None or command.stdin is not None or command.apart:
        stdin = command.stdin.reveal() if isinstance(command.stdin, Secret) else command.stdin
        output, errors = child.communicate(stdin, timeout=command.timeout)
        return output, errors or ""
    lines = []
    for line in child.stdout or ():
        lines.append(line)
        on_line(line.rstrip("\n"))
    child.wait()
    return "".join(lines), ""


def _text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def _end_group(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
