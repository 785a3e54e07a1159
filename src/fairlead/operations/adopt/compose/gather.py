"""Compose files and everything they take in (override files, `include`, `extends`), as one set of services."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from fairlead.errors import ConfigurationError, Finding
from fairlead.operations.adopt.compose import canonical
from fairlead.operations.adopt.compose.merge import TAGS, Merger, TooMuch, rebased
from fairlead.operations.adopt.left import Report
from fairlead.project.compose import compose
from fairlead.project.tree import Items, Mapping, Node, Scalar, child, children, shown, text_of

Read = Callable[[str], str | None]  #: the text of a file, by its path from the folder; None when there is none
SECTIONS = ("networks", "volumes", "secrets", "configs", "models", "jobs")
DEPTH = 20  #: files that include files, services that extend services
FILES = 50
VALUES = 5_000  #: in one file; one of a hundred services has about half of that


@dataclass(slots=True)
class Gathered:
    """What all files together say. Every node's path begins with the file it stands in."""

    name: Node | None = None
    services: dict[str, Mapping] = field(default_factory=dict)
    sections: dict[str, dict[str, Node]] = field(default_factory=lambda: {key: {} for key in SECTIONS})
    files: list[str] = field(default_factory=list)


def gather(files: list[str], read: Read, report: Report) -> Gathered:
    """The services of the files, later ones over earlier ones, and all they include and extend.

    ConfigurationError when one of `files` itself cannot be read; what they take in is then among the findings.
    """
    return _Gatherer(read, report).files(files, 0)


def located(node: Node, file: str, seen: set[int] | None = None) -> None:
    """Puts the file in front of every path below `node`; what an alias shares is visited once."""
    seen = set() if seen is None else seen
    if id(node) in seen:
        return
    seen.add(id(node))
    node.path = (file, *node.path)
    for _, below in children(node):
        located(below, file, seen)


class _Gatherer:
    def __init__(self, read: Read, report: Report) -> None:
        self.read = read
        self.report = report
        self.merger = Merger()
        self.trees: dict[str, Mapping] = {}

    def files(self, files: list[str], depth: int) -> Gathered:
        """Several files as Compose takes them together: `compose.yaml` and its override."""
        made = Gathered()
        for file in files:
            tree = self._tree(file)
            made.files.append(file)
            self._included(made, tree, file, depth)
            self._take(made, tree)
        self._extend(made, files[0])
        return made

    def _tree(self, file: str) -> Mapping:
        """The tree of a file. ConfigurationError when it is none."""
        if file not in self.trees:
            text = self.read(file)
            if text is None:
                raise ConfigurationError([Finding(file, 1, 1, "", "no such file")])
            if len(self.trees) >= FILES:
                raise ConfigurationError([Finding(file, 1, 1, "", f"more than {FILES} Compose files")])
            tree, findings = compose(text, file, "a mapping with services", VALUES, TAGS)
            for finding in findings:
                self.report.add("lost", finding)
            located(tree, file)
            self.trees[file] = tree
        return self.trees[file]

    def _take(self, made: Gathered, tree: Mapping) -> None:
        """Adds the sections of a file, over what is there."""
        for key, node in tree.items.items():
            if key == "name":
                made.name = node
            elif key == "services":
                self._take_services(made, node)
            elif key in SECTIONS:
                self._take_section(made.sections[key], node)
            elif key == "version":
                self.report.say("note", node, "Docker Compose ignores it, and so does Fairlead")
            elif key.startswith("x-"):
                self.report.say("note", node, "stands beside the services; where an anchor uses it, it was followed")
            elif key != "include":
                self.report.say("lost", node, "not a key of a Compose file that is known here")

    def _take_services(self, made: Gathered, node: Node) -> None:
        for name, entry in children(node):
            if isinstance(entry, Mapping):
                service = canonical.service(entry)
                empty = Mapping(entry.path, entry.mark, entry.key)
                over = self._merged(made.services.get(str(name), empty), service)
                made.services[str(name)] = over if isinstance(over, Mapping) else service
            else:
                self.report.say("lost", entry, f"expected a service, got {shown(entry)}")
        if not isinstance(node, Mapping):
            self.report.say("lost", node, f"expected a mapping of services, got {shown(node)}")

    def _take_section(self, section: dict[str, Node], node: Node) -> None:
        if not isinstance(node, Mapping) and not (isinstance(node, Scalar) and node.value is None):
            self.report.say("lost", node, f"expected a mapping, got {shown(node)}")
        for name, entry in children(node):
            section[str(name)] = self._merged(section.get(str(name)), entry)

    def _merged(self, base: Node | None, over: Node) -> Node:
        try:
            return self.merger.merged(base, over)
        except TooMuch:
            raise ConfigurationError([_finding(over, "what is merged here is more than anybody wrote")]) from None

    def _included(self, made: Gathered, tree: Mapping, file: str, depth: int) -> None:
        """`include`: other Compose files, each with paths of its own."""
        for _, entry in children(child(tree, "include")):
            self._noted_include(entry)
            paths = [_beside(file, path) for path in _include_paths(entry)]
            if depth >= DEPTH:
                self.report.say("lost", entry, f"included deeper than {DEPTH} files")
            elif paths:
                self._include(made, entry, paths, depth)

    def _noted_include(self, entry: Node) -> None:
        for key in ("env_file", "project_directory"):
            if (found := child(entry, key)) is not None:
                self.report.say("lost", found, "the files are read as those of their own folder, with the .env here")

    def _include(self, made: Gathered, entry: Node, paths: list[str], depth: int) -> None:
        try:
            other = self.files(paths, depth + 1)
        except ConfigurationError as error:
            self._unread(entry, error)
            return
        folder = posixpath.dirname(paths[0])
        made.files += other.files
        for name, service in other.services.items():
            if name in made.services:
                self.report.say("lost", service, f"there are two services {name}; Docker Compose refuses that too")
            else:
                made.services[name] = rebased(service, folder)
        for key, section in other.sections.items():
            made.sections[key] = {**section, **made.sections[key]}

    def _unread(self, node: Node, error: ConfigurationError) -> None:
        for finding in error.findings:
            self.report.add("lost", finding)
        self.report.say("lost", node, "the file could not be taken in")

    def _extend(self, made: Gathered, file: str) -> None:
        done: dict[tuple[str, str], Mapping] = {}
        for name, service in made.services.items():
            made.services[name] = self._extended(service, name, file, made.services, done, 0)

    def _extended(
        self,
        service: Mapping,
        name: str,
        file: str,
        among: dict[str, Mapping],
        done: dict[tuple[str, str], Mapping],
        depth: int,
    ) -> Mapping:
        """A service over the one it extends, and that over the one it extends."""
        if (file, name) in done:
            return done[file, name]
        extends = service.items.get("extends")
        rest = canonical.copied(service)
        rest.items.pop("extends", None)
        done[file, name] = rest  # a circle ends here; Compose refuses it
        if isinstance(extends, Mapping):
            base = self._base(extends, file, among, done, depth)
            over = self._merged(base, rest) if base is not None else rest
            done[file, name] = over if isinstance(over, Mapping) else rest
        return done[file, name]

    def _base(
        self,
        extends: Mapping,
        file: str,
        among: dict[str, Mapping],
        done: dict[tuple[str, str], Mapping],
        depth: int,
    ) -> Mapping | None:
        name, other = text_of(child(extends, "service")) or "", text_of(child(extends, "file"))
        where = _beside(file, other) if other else file
        if where != file:
            among = self._services_of(where, extends)
        if name not in among or depth >= DEPTH:
            self.report.say("lost", extends, f"there is no service {name!r} to extend" if depth < DEPTH else "too deep")
            return None
        base = self._extended(among[name], name, where, among, done, depth + 1)
        return rebased(base, _folder_between(file, where))

    def _services_of(self, file: str, node: Node) -> dict[str, Mapping]:
        try:
            tree = self._tree(file)
        except ConfigurationError as error:
            self._unread(node, error)
            return {}
        found = children(child(tree, "services"))
        return {str(name): canonical.service(one) for name, one in found if isinstance(one, Mapping)}


def _finding(node: Node, message: str) -> Finding:
    return Finding(str(node.path[0]) if node.path else "", node.at.line, node.at.column, "", message)


def _include_paths(entry: Node) -> Iterator[str]:
    """`path: a.yaml`, `path: [a.yaml, b.yaml]` or just `a.yaml`."""
    path = child(entry, "path") or entry
    for node in path.items if isinstance(path, Items) else [path]:
        if text := text_of(node):
            yield text


def _beside(file: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))


def _folder_between(file: str, other: str) -> str:
    """The folder of `other` as seen from that of `file`; empty when it is the same."""
    start, end = posixpath.dirname(file) or ".", posixpath.dirname(other) or "."
    found = posixpath.relpath(end, start)
    return "" if found == "." else found
