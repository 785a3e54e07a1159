"""Something is looked at again and again while something else goes on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def looking(look: Callable[[], object], every: float, name: str | None = None) -> Iterator[None]:
    """Have a thread call `look` each `every` seconds as long as the block lasts, or until it says something true: that
    it has seen enough. It raises nothing. At the end of the block none of it runs any more.
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(every):
            if look():
                return

    thread = threading.Thread(target=watch, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
