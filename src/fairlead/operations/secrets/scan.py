"""Look for secrets where none may stand: in files, in what is staged, in all of git's history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fairlead.operations.secrets.contents import Content, here, history, root_of, staged
from fairlead.operations.secrets.own import Own
from fairlead.secrets.scan import fingerprints
from fairlead.secrets.scan.fingerprints import Fingerprints
from fairlead.secrets.scan.leak import Leak
from fairlead.secrets.scan.own import OwnValue, OwnValues
from fairlead.secrets.scan.patterns import Patterns
from fairlead.secrets.scan.scanner import Finder, Scanner
from fairlead.secrets.scan.waivers import FILE as IGNORE_FILE
from fairlead.system.files import read_json, write_json

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

What = Literal["files", "staged", "history"]
SOURCES: dict[What, Callable[[Path], Iterator[Content]]] = {"files": here, "staged": staged, "history": history}


@dataclass(frozen=True, slots=True)
class Scanned:
    """What came of a scan."""

    leaks: tuple[Leak, ...]
    versions: dict[int, int]  #: `same` of a leak: in how many git objects it stands
    contents: int  #: that were scanned
    too_large: tuple[str, ...]  #: paths that were not


def scan(path: Path, what: What, own: Sequence[OwnValue], project: Path | None) -> Scanned:
    """Scan below `path`. `own` are values known here, `project` the folder that holds what is known by fingerprint.

    A value that stands in many versions of a file is one leak, of its newest version. FairleadError, UsageError.
    """
    scanner = Scanner(_finders(own, project), Patterns())
    ignored = _ignored(path)
    leaks: dict[tuple[str, int, int], Leak] = {}
    versions: dict[int, int] = {}
    count, too_large = 0, []
    for content in SOURCES[what](path):
        if ignored.match_file(content.path):
            continue
        if content.data is None:
            too_large.append(content.path)
            continue
        count += 1
        found = scanner.scan(content.path, content.data, content.blob if what == "history" else "")
        for leak in found:
            leaks.setdefault((leak.file, leak.same, 0 if what == "history" else leak.line), leak)
        for same in {leak.same for leak in found}:
            versions[same] = versions.get(same, 0) + 1
    ordered = sorted(leaks.values(), key=lambda one: (one.file, one.line, one.column))
    return Scanned(tuple(ordered), versions, count, tuple(dict.fromkeys(too_large)))


def _finders(own: Sequence[OwnValue], project: Path | None) -> list[Finder]:
    by_value: list[Finder] = [OwnValues(own)] if own else []
    known = _remembered(project) if project else None
    return [*by_value, known] if known else by_value


def _ignored(path: Path) -> GitIgnoreSpec:
    """The files that the list in the root of the repository leaves out."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 — 30 ms

    file = root_of(path)[0] / IGNORE_FILE
    return GitIgnoreSpec.from_lines(file.read_text().splitlines() if file.is_file() else [])


def is_out_of_date(own: Own, project: Path) -> bool:
    """Whether there is a file of fingerprints that does not say what is known here now."""
    before = _remembered(project)
    return before is not None and bool(own.environments) and _renewed(own, before) != before


def remember(own: Own, project: Path) -> tuple[Path, int]:
    """Write the fingerprints of these values, for machines that cannot read them. The file, and how many got in.

    What the file says of environments that cannot be read here stays. FairleadError when it cannot be written.
    """
    file = project / fingerprints.FILE
    file.parent.mkdir(exist_ok=True)
    write_json(file, _renewed(own, _remembered(project)).to_data())
    return file, sum(fingerprints.looks_random(one.value.reveal()) for one in own.values)


def _renewed(own: Own, before: Fingerprints | None) -> Fingerprints:
    made = fingerprints.make(own.values, before.key if before else None)
    return made.beside(before.without(own.environments)) if before else made


def _remembered(project: Path) -> Fingerprints | None:
    file = project / fingerprints.FILE
    data = read_json(file)
    return None if data is None else fingerprints.from_data(data, str(file))
