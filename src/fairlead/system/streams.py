"""A program whose output is passed on line by line while it runs, and that is ended when it falls silent."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import IO

from fairlead.system.commands import Command, Outcome

PIECE = 1 << 16  #: bytes read at once


def stream(command: Command, on_line: Callable[[str], None], stdin: IO[bytes], silence: float) -> Outcome:
    """Run to the end, with a file as its standard input. `silence`: seconds without output, then the group is killed.

    A program that is not there is an outcome too (code 127). The output in the outcome is empty: it was passed on.
    """
    begun = time.monotonic()
    try:
        child = subprocess.Popen(
            command.argv, cwd=command.cwd, env=command.env, stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        return Outcome(command, 127, f"{command.argv[0]}: {error.strerror}", 0.0)
    with child:
        try:
            for line in _lines(child, silence):
                on_line(line)
            child.wait()
        except TimeoutError:
            _end(child)
            return Outcome(command, child.returncode, "", time.monotonic() - begun, timed_out=True)
        except BaseException:
            _end(child)
            raise
    return Outcome(command, child.returncode, "", time.monotonic() - begun)


def _lines(child: subprocess.Popen[bytes], silence: float) -> Iterator[str]:
    """What it says, line by line. TimeoutError when nothing comes for so many seconds."""
    if child.stdout is None:
        raise AssertionError("it is a pipe")
    rest = b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(child.stdout, selectors.EVENT_READ)
        while True:
            if not waiting.select(silence):
                raise TimeoutError
            piece = os.read(child.stdout.fileno(), PIECE)
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace")
            if not piece:
                break
    if rest:
        yield rest.decode(errors="replace")


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
