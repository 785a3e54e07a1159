"""A program that is talked with for as long as it runs: its stdin and stdout are ours, what it says on stderr is kept.

Ctrl-C on the terminal does not reach it: whoever talks with it decides what an interrupt means.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Sequence

KEPT = 60  #: lines of stderr


class Duplex:
    """A running program. OSError when it cannot be started."""

    def __init__(self, argv: Sequence[str]) -> None:
        before = signal.getsignal(signal.SIGINT) if _main_thread() else None
        if before is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is ignored stays so in the program
        try:
            self._process = subprocess.Popen(
                tuple(argv), bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both are pipes")
        self.to, self.said = self._process.stdin.fileno(), self._process.stdout.fileno()
        self.pid = self._process.pid
        self._errors: deque[str] = deque(maxlen=KEPT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stderr or ():
            self._errors.append(line.decode(errors="replace").rstrip("\r\n"))

    def errors(self) -> str:
        """What it said on stderr, the last lines of it."""
        return "\n".join(self._errors)

    def ended(self, wait: float) -> int | None:
        """Its exit code; None when it still runs after so many seconds."""
        try:
            code = self._process.wait(wait)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(1)
        return code

    def close(self) -> None:
        """Have it end."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self.ended(1.0) is None:
            self._process.kill()
            self._process.wait()


def _main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
