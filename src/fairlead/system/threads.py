"""Several things at once that wait for others, not for the processor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def side_by_side(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Do all at once; what they return, in their order. The first error (by order) is raised when all have ended.

    Ctrl-C is not kept waiting: the threads do not outlive the process, and need not be waited for by who ends it.
    """
    found: dict[int, T] = {}
    errors: dict[int, BaseException] = {}

    def do(place: int) -> None:
        try:
            found[place] = acts[place]()
        except BaseException as error:  # noqa: BLE001 — raised again where it belongs, below
            errors[place] = error

    threads = [threading.Thread(target=do, args=(place,), daemon=True) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [found[place] for place in range(len(acts))]
