"""A program that answers one question after the other over its pipes, so that nothing has to be held whole."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from fairlead.errors import FairleadError


class Conversation:
    """A running program, its stdin and stdout as bytes; what it writes to stderr is dropped.

    FairleadError when it cannot be started, or ends in the middle of an answer.
    """

    def __init__(self, argv: tuple[str, ...], cwd: Path) -> None:
        self._name = " ".join(argv[:2])
        try:
            self._process = subprocess.Popen(
                argv, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise FairleadError(f"{argv[0]} could not be started: {error.strerror}", f"install {argv[0]}") from error
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both are pipes")
        self._to, self._from = self._process.stdin, self._process.stdout

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        with contextlib.suppress(OSError):
            self._to.close()
        self._from.close()
        self._process.wait()

    def ask(self, question: str) -> None:
        """Send one line. The answer must be read before the next one, or both sides may wait for each other."""
        try:
            self._to.write(question.encode() + b"\n")
            self._to.flush()
        except OSError as error:
            raise self._gone() from error

    def line(self) -> str:
        """The next line of the answer, without its end."""
        line = self._from.readline()
        if not line.endswith(b"\n"):
            raise self._gone()
        return line[:-1].decode(errors="replace")

    def lines(self) -> Iterator[str]:
        """All lines until the program closes its output; it is asked nothing."""
        self._to.close()
        for line in self._from:
            yield line.rstrip(b"\n").decode(errors="replace")

    def rest(self) -> bytes:
        """Everything until the program closes its output; it is asked nothing."""
        self._to.close()
        return self._from.read()

    def read(self, size: int) -> bytes:
        """The next so many bytes."""
        data = self._from.read(size)
        if len(data) < size:
            raise self._gone()
        return data

    def ended(self) -> int:
        """Wait for its end, and its exit code."""
        return self._process.wait()

    def _gone(self) -> FairleadError:
        return FairleadError(f"{self._name} ended before it had answered")
