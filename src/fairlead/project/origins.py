"""Every resolved value of an environment, and where it came from.

Values are taken from the models, so that what is written differently and means the same is the same; places from the
merged tree, whose nodes know where they stood. A secret has a place and never a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from fairlead.project import placeholders
from fairlead.project.sections import Kind, Section
from fairlead.project.services import Service
from fairlead.project.shown_values import shown_time, shown_value
from fairlead.project.tree import Mark, Node, Path, Scalar, child, dotted

if TYPE_CHECKING:
    from fairlead.project.file import Sections
    from fairlead.project.project import Project
    from fairlead.project.stack import SecretBackend, Stack
    from fairlead.project.variables import Variable

Source = Literal["file", "overlay", "dotenv", "default", "derived", "secret", "missing"]

_OWN = ("runtime", "host", "approve")  #: keys of an environment itself
_PUT_IN = ("services", "jobs", "stores", "compose")  #: sections in which variables are put in
_APART = (
    "variables",
    "secrets",
    "services",
    "jobs",
    "may_differ",
    "environments",
)  #: sections looked at for themselves
_SHARED = (
    "source",
    "prepare",
    "image",
    "build",
    "platform",
    "pull_policy",
    "env",
    "secrets",
    "uses",
    "networks",
    "security",
)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an environment."""

    steps: Path
    text: str | None  #: as it is, variables put in; None for a secret and for what is missing
    raw: str | None  #: as it is written, with `${NAME}`
    source: Source
    file: str = ""  #: where it stands; empty for a default
    mark: Mark | None = None
    note: str = ""  #: which variables were put in and where they came from, or what it was derived from

    @property
    def path(self) -> str:
        """`services.web.routes[0].path`."""
        return dotted(self.steps)

    @property
    def where(self) -> str:
        """`fairlead.yaml:12`, or the file alone."""
        return f"{self.file}:{self.mark.line}" if self.mark else self.file


def origins(project: Project, environment: str) -> tuple[Value, ...]:
    """Every value of that environment, in the order of the schema. UsageError when there is no such one."""
    stack = project.outline(environment)
    sections, own = project.resolved[environment]
    walk = _Walk(project, environment, stack)
    found = [
        *walk.fields(own, child(project.tree, "environments", environment), (), _OWN),
        *walk.variables(sections),
        *walk.secrets(sections),
        *walk.fields(sections, project.trees[environment], (), skipped=_APART),
        *walk.entries("services", sections),
        *walk.entries("jobs", sections),
    ]
    there = {one.steps for one in found}
    derived = [one for one in _derived(stack, own.approve) if one.steps not in there or one.steps[-1] == "approve"]
    changed = {one.steps for one in derived}
    return (*(one for one in found if one.steps not in changed), *derived)


def _derived(stack: Stack, approve: bool | None) -> Iterator[Value]:
    """What follows from other values."""

    def value(steps: Path, text: str, note: str) -> Value:
        return Value(steps, text, text, "derived", note=note)

    watch = stack.rollout.watch
    yield value(
        ("rollout", "watch", "for"), shown_time(watch.seconds) if watch else "off", "from routes and rollback_window"
    )
    for number, step in enumerate(stack.rollout.steps):
        for key, text in (("weight", str(step.weight)), ("for", shown_time(step.pause))):
            yield value(("rollout", "steps", number, key), text, "the usual steps of a canary")
    if approve is not None:
        yield value(("rollout", "approve"), shown_value(approve), "as approve of the environment")
    for number, one in enumerate(stack.templates):
        yield value(("templates", number, "format"), one.format, f"from the name {one.target}")


@dataclass(frozen=True, slots=True)
class _Walk:
    project: Project
    environment: str
    stack: Stack

    def fields(
        self, model: Section, node: Node | None, path: Path, only: tuple[str, ...] = (), skipped: tuple[str, ...] = ()
    ) -> Iterator[Value]:
        """Every value of a model; `node` is what the tree has for it."""
        for name, info in type(model).model_fields.items():
            key = info.alias or name
            if (not only or key in only) and key not in skipped:
                kind = next((one for one in info.metadata if isinstance(one, Kind)), None)
                yield from self.values(getattr(model, name), _below(node, key, model), (*path, key), kind)

    def values(self, value: Any, node: Node | None, path: Path, kind: Kind | None = None) -> Iterator[Value]:
        """Every single value in `value`."""
        if isinstance(value, Section):
            yield from self.fields(value, node, path)
        elif isinstance(value, dict):
            for key, below in value.items():
                yield from self.values(below, child(node, key), (*path, key))
        elif isinstance(value, tuple | list):
            for number, below in enumerate(value):
                yield from self.values(below, child(node, number), (*path, number))
        elif value is not None:
            yield self.value(shown_value(value, kind), node, path)

    def value(self, raw: str, node: Node | None, path: Path) -> Value:
        """One value with its place."""
        made = Value(path, raw, raw, "default")
        if node is not None:
            made = replace(made, source="overlay" if node.overlaid else "file", file=self.project.file, mark=node.at)
        return self._put_in(made) if "${" in raw and path[0] in _PUT_IN else made

    def _put_in(self, one: Value) -> Value:
        raw = one.raw or ""
        try:
            used = [name for name in dict.fromkeys(placeholders.names(raw)) if name in self.stack.variables]
        except ValueError:  # not a place where variables are put in
            return one
        notes = [f"{name} from {self.variable(name).where or 'its default'}" for name in used]
        text = placeholders.expand(raw, _Known(self.stack.variables))
        return replace(one, text=text, note=", ".join(notes))

    def variable(self, name: str) -> Value:
        """A plain variable: its value, and where that came from."""
        given, path = self.project.given[self.environment], ("variables", name)
        if name in given.entries:
            entry = given.entries[name]
            return Value(path, entry.value, entry.value, "dotenv", given.file, Mark(entry.line, entry.column))
        node = child(self.project.trees[self.environment], "variables", name)
        text = self.stack.variables.get(name)
        if text is None:
            return Value(path, None, None, "missing", note=f"put it into .env.{self.environment}")
        found = child(node, "default") or node
        return Value(path, text, text, "overlay" if found and found.overlaid else "file", self.project.file,
                     found.at if found else None)  # fmt: skip

    def variables(self, sections: Sections) -> Iterator[Value]:
        """Each with what is said of it."""
        for name, one in sections.variables.items():
            node = child(self.project.trees[self.environment], "variables", name)
            yield self.secret("variables", name) if one.secret else self.variable(name)
            yield from self._said(one, node, ("variables", name))

    def _said(self, one: Variable, node: Node | None, path: Path) -> Iterator[Value]:
        for key in ("type", "values", "pattern", "example", "secret", "required"):
            if (below := child(node, key)) is not None:
                yield from self.values(getattr(one, key), below, (*path, key))

    def secrets(self, sections: Sections) -> Iterator[Value]:
        """Each by its name and where its value is kept."""
        for name, one in sections.secrets.items():
            node = child(self.project.trees[self.environment], "secrets", name)
            yield self.secret("secrets", name, "generated" if one.generate else "")
            yield from (value for value in self.fields(one, node, ("secrets", name)) if value.source != "default")

    def secret(self, section: str, name: str, note: str = "") -> Value:
        """Never a value."""
        place = kept(self.stack.secret_backend, self.environment)
        return Value((section, name), None, None, "secret", place, note=note)

    def entries(self, section: Literal["services", "jobs"], sections: Sections) -> Iterator[Value]:
        """Services or jobs, with what they share with the one they are like."""
        tree = self.project.trees[self.environment]
        for name, one in getattr(sections, section).items():
            donor, path = sections.services.get(one.like or ""), (section, name)
            mine = _inherited(one, donor)
            yield from self.fields(one, child(tree, section, name), path, skipped=mine)
            if donor is not None:
                other = child(tree, "services", one.like or "")
                for value in self.fields(donor, other, path, only=mine):
                    if value.steps[2] != "env" or value.steps[3] not in one.env:
                        yield value
            if "env" in mine:
                yield from self.values(one.env, child(tree, section, name, "env"), (*path, "env"))


def _inherited(one: Any, donor: Service | None) -> tuple[str, ...]:
    """The keys that are taken from the service it is like; `env` is joined and always among them."""
    if donor is None:
        return ()
    own, there = one.model_fields_set, type(one).model_fields
    left_out = {"image", "build"} if "image" in own or "build" in own else set()
    return tuple(key for key in _SHARED if key in there and key not in left_out and (key not in own or key == "env"))


def _below(node: Node | None, key: str, model: Section) -> Node | None:
    """What the tree has for a key of a model; a value alone stands for the key it is short for."""
    return node if isinstance(node, Scalar) and model.short == key else child(node, key)


class _Known(dict[str, str]):
    """Variables; other names stay as they are written."""

    def __missing__(self, name: str) -> str:
        return f"${{{name}}}"


def kept(backend: SecretBackend, environment: str) -> str:
    """Where the values of secrets are kept, for a reader."""
    if backend.kind == "age":
        return f"secrets/{environment}.yaml"
    return " ".join(part for part in (backend.kind, backend.url, backend.path) if part)
