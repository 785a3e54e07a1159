"""Which secrets differ between two environments, or from a revision of git: names, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.masking import Secret
from fairlead.operations.secrets.git import content
from fairlead.operations.secrets.kept import age_file, kept
from fairlead.project.project import Project
from fairlead.secrets.sops.document import parse
from fairlead.secrets.sops.file import open_document


@dataclass(frozen=True, slots=True)
class Difference:
    """Names by what became of them from the first to the second."""

    first: str
    second: str
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    different: tuple[str, ...]
    same: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether there is a difference."""
        return bool(self.only_first or self.only_second or self.different)


def between(project: Project, first: str, second: str) -> Difference:
    """From one environment to another. Unavailable when one of them cannot be read."""
    return _difference(first, second, _values(project, first), _values(project, second))


def since(project: Project, environment: str, revision: str) -> Difference:
    """From a revision of git to now. FairleadError when it has no such file, or nobody here can open it."""
    file = age_file(project, environment)
    where = f"{file.where} ({revision})"
    found = file.keys()
    old = open_document(
        parse(content(file.path, revision), where), found.identities, found.hint().replace("ENV", environment)
    )
    before = {name: Secret(value) for name, value in old.values.items()}
    return _difference(revision, environment, before, _values(project, environment))


def _values(project: Project, environment: str) -> Mapping[str, Secret]:
    backend = kept(project, environment)
    return backend.get(backend.names())


def _difference(first: str, second: str, one: Mapping[str, Secret], two: Mapping[str, Secret]) -> Difference:
    both = [name for name in sorted(one) if name in two]
    return Difference(
        first,
        second,
        tuple(name for name in sorted(one) if name not in two),
        tuple(name for name in sorted(two) if name not in one),
        tuple(name for name in both if one[name] != two[name]),
        tuple(name for name in both if one[name] == two[name]),
    )
