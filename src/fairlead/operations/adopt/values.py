"""Variables and secrets as they turn up: Compose's `${NAME:-word}` becomes Fairlead's `${NAME}` and an entry that says
what it is. The value of a secret goes nowhere; what is kept of it is where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.operations.adopt import names
from fairlead.operations.adopt.left import Report
from fairlead.project import interpolation, placeholders
from fairlead.project.dotenv import Entry
from fairlead.project.interpolation import Parts, Reference
from fairlead.project.tree import Node, Scalar, children

LONGEST = 20_000  #: characters of a text with variables in it


@dataclass(slots=True)
class Variable:
    """A plain variable: what it is without a file of values, and what `.env` says."""

    name: str
    default: str | None = None
    here: str | None = None  #: in `.env`
    example: str | None = None

    @property
    def known(self) -> list[str]:
        """Every value that is known."""
        return [text for text in (self.default, self.here, self.example) if text is not None]


@dataclass(frozen=True, slots=True)
class Text:
    """A text with Fairlead's `${NAME}` in it."""

    text: str
    secrets: tuple[str, ...] = ()  #: names in it that are secret: it can then stand in no file
    only: bool = False  #: it is nothing but the one secret
    fallback: bool = False  #: a default of a secret stands in it
    optional: bool = False  #: it is the one secret, or nothing


@dataclass(slots=True)
class Values:
    """All names of one import. `env` is what `.env` says, `file` its name."""

    env: Mapping[str, Entry]
    report: Report
    file: str = ".env"
    variables: dict[str, Variable] = field(default_factory=dict)
    secrets: dict[str, object] = field(default_factory=dict)  #: by name, what each stands for
    _of: dict[object, str] = field(default_factory=dict)  #: the other way round
    addresses: set[str] = field(default_factory=set)  #: those secrets that are addresses
    taken: set[str] = field(default_factory=set)  #: every name that is referred to somewhere
    needed: dict[str, bool] = field(default_factory=dict)  #: by secret: whether one place needs it

    def look_over(self, node: Node) -> None:
        """Learns which names are used below `node`, before the first secret gets a name of its own."""
        if isinstance(node, Scalar):
            self.taken |= {reference.name for reference in interpolation.references(self._parts(node) or ())}
        for _, below in children(node):
            self.look_over(below)

    def lookup(self, name: str) -> str | None:
        """The value in `.env`."""
        return self.env[name].value if name in self.env else None

    def today(self, node: Scalar) -> str | None:
        """The text with the values of today put in; None when it holds a secret, or cannot be read."""
        parts = self._parts(node)
        if parts is None or any(self.is_secret(one.name) for one in interpolation.references(parts)):
            return None
        try:
            return interpolation.expand(parts, self.lookup)
        except ValueError:
            return None

    def is_secret(self, name: str) -> bool:
        """Whether a name is one that nobody should read the value of."""
        return names.is_secret(name, self.lookup(name))

    def text(self, node: Scalar) -> Text:
        """The text as Fairlead writes it; every variable in it is entered."""
        parts = self._parts(node)
        if parts is None:
            return Text(_escaped(node.text))
        made, plain = "", ""  # what is written, and the literal text that has not been yet
        secret: list[Reference] = []
        for part in parts:
            if isinstance(part, str):
                plain += part
            elif part.operator.endswith("+"):
                self.report.say("changed", node, f"what ${{{part.name}{part.operator}…}} is today was written in")
                plain += self._expanded(part)
            else:
                made += _before(plain, node, self.report) + f"${{{self._referred(part, node, secret)}}}"
                plain = ""
        found = tuple(dict.fromkeys(one.name for one in secret))
        fallback = any(one.operator.endswith("-") and one.word for one in secret)
        only = len(parts) == 1 and bool(secret)
        optional = only and secret[0].operator.endswith("-") and not secret[0].word
        return Text(made + _escaped(plain), found, only, fallback, optional)

    def _parts(self, node: Scalar) -> Parts | None:
        if len(node.text) > LONGEST and "$" in node.text:
            self.report.say("lost", node, f"longer than {LONGEST} characters: variables in it are not looked for")
            return None
        try:
            return interpolation.parse(node.text)
        except ValueError as error:
            self.report.say("lost", node, f"Docker Compose cannot read it: {error}")
            return None

    def _referred(self, reference: Reference, node: Node, secret: list[Reference]) -> str:
        """The name that stands for a reference here."""
        if self.is_secret(reference.name):
            secret.append(reference)
        else:
            self._enter(reference, node)
        return self.own_name(reference.name)

    def _expanded(self, reference: Reference) -> str:
        try:
            return interpolation.expand((reference,), self.lookup)
        except ValueError:
            return ""

    def own_name(self, name: str) -> str:
        """What a variable is called here: some names are Fairlead's own."""
        return f"COMPOSE_{name}" if name in placeholders.NAMES else name

    def _enter(self, reference: Reference, node: Node) -> None:
        name = self.own_name(reference.name)
        if name != reference.name:
            self.report.say("changed", node, f"{reference.name} is a name of Fairlead's own; it is called {name} here")
        variable = self.variables.setdefault(name, Variable(name, here=self.lookup(reference.name)))
        if not reference.operator.endswith("-"):
            return
        default = self._expanded(Reference("", "-", reference.word))
        if any(isinstance(part, Reference) for part in reference.word):
            self.report.say(
                "changed", node, f"the default of {name} depends on others; what it is today was written in"
            )
        if variable.default is None:
            variable.default = default
        elif variable.default != default and variable.here is None:
            self.report.say("changed", node, f"{name} has another default elsewhere, which counts here too")

    def offer(self, name: str) -> None:
        """Enters a name of `.env` that nothing refers to yet, so that it can be."""
        if self.is_secret(name):
            self.secrets.setdefault(name, ("name", name))
        elif names.is_variable(name):
            own = self.own_name(name)
            self.variables.setdefault(own, Variable(own, here=self.lookup(name)))

    def optional(self) -> set[str]:
        """Secrets that every place can do without."""
        return {name for name, needed in self.needed.items() if not needed}

    def secret(self, source: object, name: str, service: str) -> str:
        """The name of the secret for `source`: `name` where it is free, else with the service's before it."""
        if source in self._of:
            return self._of[source]
        free = (self.secrets.get(name, source) == source) and not (name in self.taken and source != ("name", name))
        if not free:
            name = f"{names.fitting(service).replace('-', '_').upper()}_{name}"
        self.secrets[name] = source
        self._of[source] = name
        return name


def _escaped(text: str) -> str:
    return text.replace("${", "$${")


def _before(text: str, node: Node, report: Report) -> str:
    """Literal text before a variable: a `$` directly in front of it would be read as an escape."""
    if text.endswith("$"):
        report.say("lost", node, "a $ directly before a variable cannot be written; it was left out")
    return _escaped(text.removesuffix("$"))
