"""Work in a fork of this process: what it imports and allocates is gone with it, and nothing has to be started anew."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from fairlead.masking import concealed
from fairlead.system import processes

EVERY = 1.0  #: seconds between two looks at what is done meanwhile


def nobody() -> set[int]:
    """No process is looked after."""
    return set()


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What the parent does while it waits: `act` each second, and at once when one of the processes `pids()` ends."""

    act: Callable[[], object]
    pids: Callable[[], set[int]] = nobody


@dataclass(frozen=True, slots=True)
class Fork:
    """A child that works and then says one thing."""

    pid: int
    said: int  #: a descriptor: readable when it has spoken or ended

    def answer(self, interrupt: int, meanwhile: Meanwhile | None = None) -> str | None:
        """What it said, '' when it ended without a word; None when `interrupt` became readable, which ends it."""
        interrupted = _wait(self.said, interrupt, meanwhile)
        if interrupted:
            os.kill(self.pid, signal.SIGTERM)
        text = self._word()
        return None if interrupted else text

    def heard(self) -> str | None:
        """What it said, '' when it ended without a word; None while it works. Once it answered it must not be asked."""
        ready, _, _ = select.select([self.said], [], [], 0)
        return self._word() if ready else None

    def end(self) -> None:
        """Have it end, and forget what it had to say."""
        os.kill(self.pid, signal.SIGTERM)
        os.close(self.said)
        os.waitpid(self.pid, 0)

    def _word(self) -> str:
        with open(self.said) as file:
            text = file.read()
        os.waitpid(self.pid, 0)
        return text


def _wait(said: int, interrupt: int, meanwhile: Meanwhile | None) -> bool:
    """Until one of them is readable: whether it is `interrupt`."""
    while True:
        with processes.watched(meanwhile.pids() if meanwhile else ()) as ends:
            ready, _, _ = select.select([said, interrupt, *ends], [], [], EVERY if meanwhile else None)
        if said in ready or interrupt in ready:
            return interrupt in ready
        if meanwhile:
            meanwhile.act()


class Helper:
    """A fork that is asked again and again, each time a line for a line: what it imported is there the next time.

    It begins when it is asked first, and anew when it ended. `rest`: seconds after which `look` ends one that nobody
    asked, and what it holds is free again.
    """

    def __init__(self, work: Callable[[str], str], rest: float) -> None:
        self.work, self.rest = work, rest
        self._fork: Fork | None = None
        self._asks = -1  #: a descriptor: where it is asked
        self._last = 0.0  #: when it answered last, monotonic

    def ask(self, question: str, interrupt: int, meanwhile: Meanwhile | None = None) -> str | None:
        """Its answer, '' when it ended without one; None when `interrupt` became readable, which ends it."""
        if self._fork is not None and self._fork.heard() is not None:
            self._forget()  # it was killed while nobody asked
        helper = self._fork or self._begin()
        with contextlib.suppress(BrokenPipeError):  # it was killed just now, and has nothing to say
            os.write(self._asks, f"{question}\n".encode())
        if _wait(helper.said, interrupt, meanwhile):
            self.end()
            return None
        answer = _line(helper.said)
        self._last = time.monotonic()
        if not answer:
            self.end()
        return answer

    def look(self) -> None:
        """End one that has rested long enough."""
        if self._fork is not None and time.monotonic() - self._last >= self.rest:
            self.end()

    def end(self) -> None:
        """Have it end, whatever it does."""
        if self._fork is not None:
            self._fork.end()
            self._forget()

    def _begin(self) -> Fork:
        reading, self._asks = os.pipe()
        asks = self._asks
        self._fork = _fork(lambda said: self._serve(reading, asks, said))
        os.close(reading)
        return self._fork

    def _serve(self, reading: int, asks: int, said: int) -> None:
        os.close(asks)  # who asks is the other process alone, and when that is gone there is an end
        while question := _line(reading):
            os.write(said, f"{self.work(question)}\n".encode())

    def _forget(self) -> None:
        os.close(self._asks)
        self._fork = None


def _line(descriptor: int) -> str:
    """Up to the end of the line, without it; '' when whoever writes has ended before that."""
    text = b""
    while not text.endswith(b"\n"):
        data = os.read(descriptor, 1 << 16)
        if not data:
            return ""
        text += data
    return text[:-1].decode()


def fork(work: Callable[[], str]) -> Fork:
    """Do `work` in a child of the same process group. Only for a process without threads.

    The child ends at once on SIGTERM and SIGINT, and with its parent, also one that is killed. An error in it is
    written to stderr, and it ends without a word.
    """
    return _fork(lambda said: os.write(said, work().encode()))


def _fork(act: Callable[[int], object]) -> Fork:
    """The child does `act` with the descriptor it speaks through."""
    reading, writing = os.pipe()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Fork(pid, reading)
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        end_with(parent)
        os.close(reading)
        act(writing)
        code = 0
    except Exception:  # noqa: BLE001 — the outer boundary of the child
        sys.stderr.write(concealed(traceback.format_exc()))
    finally:
        sys.stderr.flush()
        os._exit(code)


def end_with(parent: int) -> None:
    """Have this process killed by the kernel when its parent ends, however it ends (Linux, prctl(2))."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 — in the child alone

    ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)  # it ended in between
