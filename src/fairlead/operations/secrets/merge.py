"""What git calls when two branches changed the same file of secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.secrets.identities import keys
from fairlead.secrets.merge import merge
from fairlead.secrets.sops.document import parse
from fairlead.secrets.sops.file import Opened, open_document
from fairlead.system.files import write_file


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. The file has the merge, with our value where both sides changed one."""

    path: str
    taken: tuple[str, ...]
    conflicts: tuple[str, ...]


def merge_files(base: Path, ours: Path, theirs: Path, path: str) -> Result:
    """Merge into `ours`, as git wants it. FairleadError, with `ours` untouched, when one of them cannot be opened."""
    sides = ((base, "base"), (ours, "ours"), (theirs, "theirs"))
    try:
        old, mine, other = (_opened(file, f"{path} ({side})") for file, side in sides)
    except FairleadError as error:
        first = f"{error.hint}; " if error.hint else ""
        hint = f"{first}then merge it again: git checkout --merge -- {path}"
        raise FairleadError(f"{error.message}; for now the file has our side alone", hint) from None
    if mine is None or other is None:
        side = "ours" if mine is None else "theirs"
        raise FairleadError(f"{path} ({side}) is empty", "take the other side whole: `git checkout --ours/--theirs`")
    merged = merge(old, mine, other)
    if merged.text != mine.document.text:
        write_file(ours, merged.text)
    return Result(path, merged.taken, merged.conflicts)


def _opened(file: Path, where: str) -> Opened | None:
    """None for the empty file that git gives where a side has none."""
    try:
        text = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise FairleadError(f"{where} cannot be read: {why}") from None
    if not text.strip():
        return None
    found = keys()
    return open_document(parse(text, where), found.identities, found.hint())
