"""Files that a release keeps beside its artifacts, read-only, never changed.

Those that were made of templates lie in FOLDER/RELEASE; those that move a schema in a folder that is named by what is
in it, as most releases have the same ones.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from fairlead.system.files import explained


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each, in the order of their paths."""
    return {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files)}


def folder_name(digests: Mapping[str, str]) -> str:
    """Of files by their SHA-256: the same name for the same files."""
    text = "\n".join(f"{digests[path]} {path}" for path in sorted(digests))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keep_files(folder: Path, release: str, files: Mapping[str, bytes], anew: bool = False) -> None:
    """Have the files of a release in a folder of its own; nothing happens when there are none, or they are there.

    `anew` puts them in place of those that are there. FairleadError when they cannot be written.
    """
    place = folder / release
    if not files or (place.exists() and not anew):
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        from fairlead.system.swap import replace_folder  # noqa: PLC0415 — brings ctypes

        replace_folder(place, lambda new: _fill(new, files))
    except OSError as error:
        raise explained(error, place) from error


def _fill(new: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (new / path).parent.mkdir(parents=True, exist_ok=True)
        (new / path).write_bytes(content)
        (new / path).chmod(0o444)
    for below, _, _ in os.walk(new, topdown=False):
        Path(below).chmod(0o555)
