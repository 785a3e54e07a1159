"""Whether environments are alike: the same services, stores, versions, commands and names, whatever their values.

What may differ anyway is `FREE`; what else may is said once under `may_differ`. Values are compared as they are
written, with `${NAME}` in them, so that what differs by a variable is alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from fairlead.errors import Finding
from fairlead.project.origins import Value, origins
from fairlead.project.problem import MOST
from fairlead.project.project import Project
from fairlead.project.tree import Mapping, Mark, Node, Path, child, children, dotted, quoted, text_of

FREE = (
    "runtime", "host", "edge", "approve", "secret_backend", "rollout", "deploy", "notify", "registry", "name",
    "variables.*.example", "variables.*.required", "secrets.*.rotate",
    "services.*.replicas", "services.*.resources", "services.*.routes.*.host", "stores.*.resources", "smoke.*.host",
    "compose.name",
)  # fmt: skip
"""What may differ without being declared, beside the values of variables."""

_SHOWN = 60  #: characters of a value in a message


def drift(project: Project) -> tuple[Finding, ...]:
    """Every difference between the environments that is not declared, and what is declared for nothing."""
    return tuple(islice(_Comparison(project).findings(), MOST))


def matches(pattern: str, path: str) -> bool:
    """Whether a dotted pattern names `path` or something above it; `*` is any key or item."""
    return bool(_Patterns([pattern]).hits(_split(path)))


def _split(dotted_path: str) -> list[str]:
    return [part for part in re.split(r"[.\[\]]", dotted_path) if part]


class _Patterns:
    """Many patterns, told by the first keys of a path: a tree of keys, so that each path is walked once."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._root: dict[str, Any] = {}
        for number, pattern in enumerate(patterns):
            node = self._root
            for key in _split(pattern):
                node = node.setdefault(key, {})
            node.setdefault("", []).append(number)

    def hits(self, path: Sequence[str]) -> set[int]:
        """The numbers of those that name the path or something above it."""
        found, nodes = set(self._root.get("", ())), [self._root]
        for key in path:
            nodes = [below for node in nodes for one in (key, "*") if (below := node.get(one)) is not None]
            found.update(number for node in nodes for number in node.get("", ()))
        return found


@dataclass(frozen=True)
class _Comparison:
    project: Project

    @cached_property
    def values(self) -> dict[str, dict[Path, Value]]:
        """By environment and place."""
        names = self.project.environments
        return {name: {one.steps: one for one in origins(self.project, name)} for name in names}

    @cached_property
    def declared(self) -> list[Node]:
        """The patterns under `may_differ`."""
        return [node for _, node in children(child(self.project.tree, "may_differ"))]

    def findings(self) -> Iterator[Finding]:
        """In the order of the schema; patterns at the end."""
        said: set[tuple[Path, tuple[str, ...]]] = set()
        paths = dict.fromkeys(path for found in self.values.values() for path in found)
        patterns = _Patterns([*(text_of(node) or "" for node in self.declared), *FREE])
        used: set[int] = set()
        for path in paths:
            free = patterns.hits(_split(dotted(path)))
            used |= free
            if free or self._alike(path):
                continue
            place, lacking = self._lacking(path)
            if (place, lacking) not in said:
                said.add((place, lacking))
                yield self._absent(place, path, lacking) if lacking else self._different(path)
        yield from self._unused(used)

    def _alike(self, path: Path) -> bool:
        return len({_compared(found.get(path)) for found in self.values.values()}) == 1

    def _lacking(self, path: Path) -> tuple[Path, tuple[str, ...]]:
        """The environments without that value, and the whole of which they have nothing: a service, not each key."""
        lacking = tuple(name for name, found in self.values.items() if path not in found)
        if not lacking:
            return path, lacking
        for length in range(1, len(path)):
            if not any(self._has(name, path[:length]) for name in lacking):
                return path[:length], lacking
        return path, lacking

    @cached_property
    def _prefixes(self) -> dict[str, set[Path]]:
        return {
            name: {path[:length] for path in found for length in range(1, len(path) + 1)}
            for name, found in self.values.items()
        }

    def _has(self, name: str, place: Path) -> bool:
        return place in self._prefixes[name]

    def _absent(self, place: Path, path: Path, lacking: tuple[str, ...]) -> Finding:
        having = [name for name in self.values if name not in lacking]
        text = f"{_names(having)} {_verb(having)} it, {_names(lacking)} {'do' if len(lacking) > 1 else 'does'} not"
        nodes = [child(self.project.trees[name], *place) for name in having]
        mark = self._removed(place, lacking) or next((node.at for node in nodes if node), None)
        return self._finding(place, mark or self._mark([self.values[name][path] for name in having]), text)

    def _removed(self, place: Path, lacking: tuple[str, ...]) -> Mark | None:
        """The null that took it away."""
        for name in lacking:
            parent = child(self.project.trees[name], *place[:-1])
            gone = parent.removed.get(str(place[-1])) if isinstance(parent, Mapping) else None
            if gone is not None:
                return gone.at
        return None

    def _different(self, path: Path) -> Finding:
        groups: dict[str, list[str]] = {}
        for name, found in self.values.items():
            groups.setdefault(_compared(found.get(path)) or "", []).append(name)
        text = ", ".join(f"{_short(value)} in {_names(names)}" for value, names in groups.items())
        return self._finding(path, self._mark([found[path] for found in self.values.values()]), text)

    def _mark(self, values: list[Value]) -> Mark:
        """Where an environment said so; else where it stands."""
        placed = [one for one in values if one.mark and one.file == self.project.file]
        found = next((one for one in placed if one.source == "overlay"), placed[0] if placed else None)
        return found.mark if found and found.mark else Mark(1, 1)

    def _finding(self, place: Path, mark: Mark, text: str) -> Finding:
        path = dotted(place)
        advice = f"make them alike, or say may_differ: [{path}] if it is meant"
        return Finding(self.project.file, *mark, path, f"differs: {text}; {advice}")

    def _unused(self, used: set[int]) -> Iterator[Finding]:
        for number, node in enumerate(self.declared):
            if number not in used:
                text = f"no environment has anything at {quoted(text_of(node) or '')}; correct it, or remove it"
                yield Finding(self.project.file, *node.at, dotted(node.path), text)


def _compared(one: Value | None) -> str | None:
    """What has to be alike: the value as written; of a variable or secret only that there is one."""
    if one is None:
        return None
    return "declared" if one.steps[0] in ("variables", "secrets") and len(one.steps) == 2 else one.raw


def _names(some: Sequence[str]) -> str:
    return ", ".join(some[:-1]) + (" and " if len(some) > 1 else "") + some[-1]


def _verb(some: Sequence[str]) -> str:
    return "have" if len(some) > 1 else "has"


def _short(value: str) -> str:
    return quoted(value) if " " in value or not value else value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
