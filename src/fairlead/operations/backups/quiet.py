"""While files are copied: a service that writes them does something before and after, or stands still.

It is written down first, in `backups/VOLUME.quiet.json`: who is killed in between is followed by the keeper, or by the
next backup, who has the service go on. None ever stays as it was for a copy that nobody makes any more.
"""

from __future__ import annotations

import contextlib
import shlex
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.artifacts.origin import owner_text
from fairlead.backups.spot import Spot
from fairlead.backups.tape import Told
from fairlead.backups.volumes import Reading
from fairlead.errors import Busy, FairleadError
from fairlead.masking import concealed, masked
from fairlead.operations.check import Check as Finding
from fairlead.operations.check import warning
from fairlead.project.stack import RuntimeName
from fairlead.runtimes.base import Runtime
from fairlead.runtimes.table import runtime_of
from fairlead.system.files import read_json, sync_folder, write_json
from fairlead.system.home import Place
from fairlead.system.lock import held_lock

if TYPE_CHECKING:
    from fairlead.operations.backups.arrangement import Arrangement

BEGUN = "backup.quiet"
ENDING = ".quiet.json"
DOING = "a copy of files"
SAID = 15  #: lines that are shown
WHY = "why"  #: it could not be done at the last try


@dataclass
class Standing:
    """Instances that stand still for a while at most."""

    runtime: Callable[[], Runtime]  #: made anew by whoever asks: threads share none
    ids: Sequence[str]
    seconds: float
    over: bool = False  #: they had to go on
    _timer: threading.Timer = field(init=False)

    def __enter__(self) -> Standing:
        self._timer = threading.Timer(self.seconds, self._end)
        self._timer.daemon = True
        self._timer.start()  # first: it is counted from before the first stands still
        try:
            self.runtime().freeze(self.ids)
            self.require()  # else it is over by now, and nobody would have them go on
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self.runtime().thaw(self.ids)

    def _end(self) -> None:
        self.over = True
        with contextlib.suppress(FairleadError):  # then whoever leaves the block is told
            self.runtime().thaw(self.ids)

    def require(self) -> None:
        """FairleadError when they went on meanwhile."""
        if self.over:
            what = f"the copy took longer than the {self.seconds:g} s for which {', '.join(self.ids)} may stand still"
            raise FairleadError(what, "say a longer pause, or before and after instead")


Check = Callable[[], None]
"""Raises a FairleadError once what is read is not what it was to be."""


@contextlib.contextmanager
def quiet(one: Arrangement) -> Iterator[Check]:
    """Have it so, as long as the block lasts. Nothing happens where nothing runs that could write.

    FairleadError, Busy (with a pause: no deployment meanwhile); then it is as it was before. The store is held.
    """
    said = one.said.quiet
    _before(one)
    runtime = runtime_of(one.runtime, one.place)
    ids = _writers(runtime, said.service) if said else []
    if said is None or not ids:
        yield lambda: None
        return
    with contextlib.ExitStack() as stack:
        if said.pause:
            stack.enter_context(held_lock(one.place.lock, owner_text(DOING), f"{one.owner}"))
        write_json(_path(one.place, one.store.name), {"ids": ids, "after": said.after, "seconds": said.timeout}, 0o600)
        one.note(BEGUN, {"service": said.service, "instances": ids, "pause": said.pause})  # the keeper sees that
        try:
            _each(runtime, ids, said.before, said.timeout, "before the copy")
            with _standing(one, ids, said.pause) as check:
                yield check
        except BaseException:
            with contextlib.suppress(FairleadError):  # it is tried again, and what was first is what is told
                _settle(one.place, one.runtime, one.store.name)
            raise
        _settle(one.place, one.runtime, one.store.name)


def _before(one: Arrangement) -> None:
    """What somebody left who was killed is done first. Where nothing is declared any more it is tried once more, as it
    was then, and holds up no copy."""
    if said := one.said.quiet:
        _settle(one.place, one.runtime, one.store.name, said.after)
        return
    with contextlib.suppress(FairleadError):
        _settle(one.place, one.runtime, one.store.name)
    _path(one.place, one.store.name).unlink(missing_ok=True)


def _writers(runtime: Runtime, service: str) -> list[str]:
    return [one.id for one in runtime.observe() if one.service == service and one.living and not one.job]


@contextlib.contextmanager
def _standing(one: Arrangement, ids: Sequence[str], seconds: float | None) -> Iterator[Check]:
    if not seconds:
        yield lambda: None
        return
    with Standing(lambda: runtime_of(one.runtime, one.place), ids, seconds) as standing:
        yield standing.require


def checked(read: Reading, check: Check) -> Reading:
    """The same, which ends with an error once `check` does."""

    def reading(spot: Spot, told: Told) -> Iterator[bytes]:
        for piece in read(spot, told):
            check()
            yield piece
        check()

    return reading


def left(place: Place) -> tuple[str, ...]:
    """Of which volumes a copy was begun, and a service is not as it was."""
    return tuple(sorted(path.name.removesuffix(ENDING) for path in place.backups.glob(f"*{ENDING}")))


def examine(place: Place) -> Iterator[Finding]:
    """What still could not be done after a copy: until it is, no other one of that volume is made."""
    for name in left(place):
        if why := (read_json(_path(place, name)) or {}).get(WHY):
            hint = (
                "it is tried again all the time; mend the command where it runs, say another `after` and make a "
                "backup, or deploy: new instances were never told to be quiet"
            )
            yield warning(f"files of {name}", f"{why}: no backup of them is made until that is done", hint)


def settle(place: Place, runtime: RuntimeName) -> None:
    """Have all go on that somebody left who was killed. FairleadError; then it is to be tried again, and only where it
    could not be done: none stands still because another one's command fails.
    """
    failed: list[FairleadError] = []
    for name in left(place):
        lock = held_lock(place.backups / f"{name}.lock", owner_text(DOING), f"the backups of {name}")
        try:
            with contextlib.suppress(Busy), lock:  # or who made it so is still at it
                _settle(place, runtime, name)
        except FairleadError as error:
            failed.append(error)
    if failed:
        raise failed[0]


def _settle(place: Place, name: RuntimeName, volume: str, after: str | None = None) -> None:
    """`after`: what is declared now, which may be what mends it; None: as it was then."""
    path = _path(place, volume)
    said: dict[str, Any] | None = read_json(path)
    if said is None:
        return
    runtime = runtime_of(name, place)
    there = [one.id for one in runtime.observe() if one.id in said["ids"] and one.living]
    runtime.thaw(there)
    command = str(said["after"]) if after is None else after
    try:
        _each(runtime, there, command, float(said["seconds"]), "after the copy")
    except FairleadError as error:
        write_json(path, said | {"after": command, WHY: error.message.splitlines()[0]}, 0o600)
        raise
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def _each(runtime: Runtime, ids: Sequence[str], command: str, seconds: float, when: str) -> None:
    for id in ids if command else ():
        answered = runtime.ask(id, shlex.split(command), seconds)
        if answered.code or not answered.ended:
            why = f"ended with {answered.code}" if answered.ended else f"took longer than {seconds:g} s"
            tail = "".join(f"\n  {line}" for line in masked(answered.output).strip().splitlines()[-SAID:])
            raise FairleadError(f"{id}, {when}: `{concealed(command)}` {why}{tail}")


def _path(place: Place, volume: str) -> Path:
    return place.backups / f"{volume}{ENDING}"
