"""A folder for what must not stay: readable by this user alone, in memory where there is such a place, gone afterwards.

Who is killed with SIGKILL cannot tidy up: the folder carries the process id, and the next one made removes those whose
process has ended. In memory it does not outlive a reboot either.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fairlead.system import processes
from fairlead.system.files import remove_tree

MEMORY = Path("/dev/shm")  # noqa: S108 — a private folder in it
_NAME = "fairlead-private-"


@contextmanager
def private_folder() -> Iterator[Path]:
    """For the block: a folder of mode 700."""
    parent = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _sweep(parent)
    made = Path(tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-", dir=parent))
    try:
        yield made
    finally:
        remove_tree(made)


def _sweep(parent: Path) -> None:
    for found in parent.glob(f"{_NAME}*"):
        pid = found.name.removeprefix(_NAME).split("-")[0]
        with suppress(FileNotFoundError):  # its owner has ended meanwhile, or another one sweeps too
            if pid.isdigit() and found.lstat().st_uid == os.geteuid() and processes.look(int(pid)) is None:
                remove_tree(found)
