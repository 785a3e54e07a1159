"""Take over the values of a `.env` file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.errors import ConfigurationError, Refused
from fairlead.masking import Secret
from fairlead.operations.secrets.kept import declared, kept
from fairlead.operations.secrets.values import refuse
from fairlead.project.dotenv import parse
from fairlead.project.project import Project
from fairlead.secrets.strength import placeholder


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of each name of the file."""

    where: str
    new: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]
    undeclared: tuple[str, ...]  #: left alone: plain variables, or what the project file does not know
    skipped: tuple[str, ...]  #: left alone: empty, or a placeholder


def import_values(project: Project, environment: str, text: str, file: str, replace: bool = False) -> Imported:
    """Keep the declared secrets among the values of a `.env` text, all or none.

    ConfigurationError for a text that cannot be read; Refused when that would change values and `replace` is off;
    UsageError for a value that cannot be that secret's; Busy for one that is rotated.
    """
    entries, findings = parse(text, file)
    if findings:
        raise ConfigurationError(findings)
    names = declared(project, environment)
    found = {name: entry.value for name, entry in entries.items() if name in names}
    good = {name: Secret(value) for name, value in found.items() if not placeholder(value)}
    backend = kept(project, environment)
    before = backend.get(list(good))
    changed = tuple(name for name in good if name in before and before[name] != good[name])
    if changed and not replace:
        what = f"{', '.join(changed)}: {backend.where} has other values already; nothing was changed"
        raise Refused(what, "to take those of the file, run this again with --replace")
    new = tuple(name for name in good if name not in before)
    for name in (*new, *changed):
        refuse(project, environment, name, good[name])
    if new or changed:
        backend.set({name: good[name] for name in (*new, *changed)})
    return Imported(
        backend.where, new, changed, tuple(name for name in good if name in before and name not in changed),
        _others(entries, names), tuple(name for name in found if name not in good),
    )  # fmt: skip


def _others(entries: Mapping[str, object], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in entries if name not in names)
