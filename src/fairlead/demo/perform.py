"""The demo as a whole: a sandbox is set up, played in and cleared away, however it ends."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from fairlead.demo.acts import Demo
from fairlead.demo.outcome import DemoReport
from fairlead.demo.sandbox import Sandbox
from fairlead.demo.stage import stage
from fairlead.errors import FairleadError, Interrupted

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def perform() -> DemoReport:
    """Run the demo. FairleadError when something did not go as told, Interrupted after Ctrl-C; nothing stays."""
    sandbox = Sandbox(Path(tempfile.mkdtemp(prefix="fairlead-demo-")), "quickstart")
    try:
        with _interrupted_once(), stage() as shown:
            return Demo(sandbox, shown).run()
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted; everything the demo had started was ended and removed") from error
    finally:
        _clear(sandbox)


def _clear(sandbox: Sandbox) -> None:
    """End what runs and remove the folder; a second Ctrl-C must not leave half of it."""
    if not sandbox.folder.exists():
        return
    _say("ending everything the demo has started …")
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDINGS}
    try:
        sandbox.close()
        if sandbox.running():
            raise FairleadError(f"some processes could not be ended: {[one.pid for one in sandbox.running()]}")
        _say("nothing is left running")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    """What is said is no reason not to do it: whoever read it may have gone, a closed terminal for one."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


@contextmanager
def _interrupted_once() -> Iterator[None]:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does; what comes after the first one is ignored."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
