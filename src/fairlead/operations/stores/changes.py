"""Make a store anew, with the old one beside it until the new one is well: either of the two serves afterwards.

Each store is by itself. One that is well as it is declared now stays so, whatever fails after it: the new one may have
written its data since, in a way that the old one need not be able to read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fairlead.errors import FairleadError, Interrupted, Refused, Waiting
from fairlead.masking import concealed
from fairlead.project.stack import Store
from fairlead.stores.awaiting import await_well
from fairlead.stores.base import Stores
from fairlead.system.home import Place

Say = Callable[[str, str], object]
ENDS = 5  #: times that a new one may end by itself until it is given up: each second of it, nobody has the store
GUIDE = "go over to it with a store of its own beside the old one: see the guide `Go over to a newer PostgreSQL`"


class ChangeFailed(FairleadError):
    """A store could not be made anew, and is what it was; the message says why."""


def lock_of(place: Place) -> Path:
    """Held while a store is made anew, so that nobody else starts one of the two."""
    return place.stores / "change.lock"


def require_fit(stores: Stores, store: Store, image: str) -> None:
    """Refused when it is known before that it could not run on the data that is there."""
    if why := stores.unfit(store, image):
        raise Refused(f"{why}; nothing was touched", GUIDE)


def change(stores: Stores, store: Store, make: Callable[[], None], say: Say) -> None:
    """Have `make` make it and wait until it is well. ChangeFailed or Interrupted when it is as it was before."""
    old = next(one.store for one in stores.observe() if one.name == store.name)
    try:
        stores.set_aside(store.name)
        make()
        stores.let_go(store.name)
    except (FairleadError, OSError, KeyboardInterrupt) as error:
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else concealed(str(error))
        say("undo", f"{store.name} goes back to what it was: {reason.splitlines()[0]}")
        if not _went_back(stores, old, reason):
            raise  # the new one was found well: whoever comes next ends it
        say("ready", f"{store.name} is well, as it was before")
        kind = Interrupted if isinstance(error, KeyboardInterrupt) else ChangeFailed
        what = f"{reason}\n{store.name} was not made anew: it runs as before and is well, and nothing else was changed"
        raise kind(what, getattr(error, "hint", None)) from error


def _went_back(stores: Stores, old: Store, reason: str) -> bool:
    """Whether it did, and is well. ChangeFailed, with both reasons, when it is not."""
    try:
        if not stores.bring_back(old.name):
            return False
        await_well(stores, [old], lambda _: None)
    except (FairleadError, OSError) as worse:
        what = f"{reason}\n{old.name} was not made anew, and is not well as it was before: {worse}"
        raise ChangeFailed(what, "mend that; the keeper and the next command go on trying") from worse
    return True


def go_back(stores: Stores, say: Say) -> tuple[str, ...]:
    """Bring back those of which whoever made them anew was killed; which. Does not wait until they are well."""
    found = tuple(name for name in stores.changing() if stores.bring_back(name))
    for name in found:
        say("note", f"whoever made {name} anew was killed: it is started as it was before")
    return found


@contextlib.contextmanager
def stays(changed: Sequence[str], say: Say) -> Iterator[None]:
    """Say of stores that were made anew, when what follows fails, that they stay so."""
    try:
        yield
    except Waiting:
        raise  # nothing failed
    except (FairleadError, OSError, KeyboardInterrupt):
        if changed:
            text = f"{', '.join(changed)}: made anew before this and well, so as declared now, whatever is undone"
            say("note", f"{text}; to have what was before, declare it, then fairlead stores apply")
        raise
