"""`.env` files: what they say of variables, and which environments there are besides."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fairlead.errors import ConfigurationError
from fairlead.operations.adopt import names
from fairlead.operations.adopt.left import Report
from fairlead.operations.adopt.reading import Folder
from fairlead.operations.adopt.values import Values, Variable
from fairlead.project import dotenv, interpolation, placeholders
from fairlead.project import values as written
from fairlead.project.dotenv import Entry
from fairlead.project.tree import Mark, Scalar

LOCAL = ".env"
_EXAMPLES = ("example", "template", "sample", "dist", "defaults", "default", "tmpl")


def read(folder: Folder, report: Report, file: str = LOCAL) -> dict[str, Entry]:
    """The entries of a file of variables; none when there is none, or it cannot be read, which then is said."""
    try:
        text = folder(file)
    except ConfigurationError as error:
        for finding in error.findings:
            report.add("lost", finding)
        return {}
    entries, findings = dotenv.parse(text or "", file)
    for finding in findings:
        report.add("lost", finding)
    return entries


def others(folder: Folder) -> list[str]:
    """Names of environments that have a file of their own: `production` of `.env.production`."""
    found = [name.removeprefix(f"{LOCAL}.") for name in folder.beginning(f"{LOCAL}.")]
    return [name for name in found if re.fullmatch(written.NAME, name) and not _is_example(name)]


def examples(folder: Folder) -> list[str]:
    """Files that say which variables there are, and no more."""
    return [name for name in folder.beginning(LOCAL) if _is_example(name.removeprefix(f"{LOCAL}."))]


def _is_example(name: str) -> bool:
    return any(part in _EXAMPLES for part in name.split("."))


def learn(values: Values, folder: Folder, files: Iterable[str]) -> None:
    """What examples and templates say: a value is an example, `${NAME}` or `$NAME` in it has to be given one."""
    for file in files:
        text = folder(file)
        for key, entry in _raw(text or "").items():
            node = Scalar((file, key), Mark(entry.line, 1), Mark(entry.line, 1), entry.value, entry.value)
            if names.is_variable(key):
                _learn(values, key, node)


def _raw(text: str) -> dict[str, Entry]:
    """Entries with what they refer to left in place."""
    entries, _ = dotenv.parse(text.replace("$", "$$"), "")
    return entries


def _learn(values: Values, key: str, node: Scalar) -> None:
    try:
        asked = [one.name for one in interpolation.references(interpolation.parse(node.text))]
    except ValueError as error:
        values.report.say("lost", node, str(error))
        return
    for name in [key, *asked]:
        if values.is_secret(name) or name in values.secrets:
            values.secrets.setdefault(name, ("name", name))
            continue
        own = values.own_name(name)
        variable = values.variables.setdefault(own, Variable(own, here=values.lookup(name)))
        if name == key and node.text and not asked:
            variable.example = node.text


def unused(values: Values, used: Iterable[str]) -> None:
    """Says which entries of `.env` nothing refers to."""
    known = set(used)
    for key, entry in values.env.items():
        if key not in known and key not in values.secrets and values.own_name(key) not in values.variables:
            node = Scalar((values.file, key), Mark(entry.line, entry.column), None, "", "")
            values.report.say("note", node, "nothing that was read refers to it; it is not in the project")


def named(values: Values) -> dict[str, dict[str, object]]:
    """`variables` and `secrets` of a project file."""
    variables: dict[str, object] = {one.name: _variable(one) for one in values.variables.values()}
    typed = values.addresses | values.optional()
    variables |= {name: _secret(values, name) for name in values.secrets if name in typed}
    secrets: dict[str, object] = {name: {} for name in values.secrets if name not in typed}
    return {key: one for key, one in (("variables", variables), ("secrets", secrets)) if one}


def _secret(values: Values, name: str) -> dict[str, object]:
    """A secret of which more is known than its name."""
    made: dict[str, object] = {"type": "url"} if name in values.addresses else {}
    made["secret"] = True
    return made | ({"required": False} if name in values.optional() else {})


def _variable(one: Variable) -> dict[str, object]:
    made: dict[str, object] = {"type": kind} if (kind := names.type_of(one.name, one.known)) else {}
    if one.default is not None:
        made["default"] = one.default
    if one.example and one.default is None and one.example != one.here:  # what is used is no mere example
        made["example"] = one.example
    if "" in (one.default, one.here):
        made["required"] = False
    return made


def here(values: Values) -> dict[str, str]:
    """The values of `.env` that are not the defaults anyway: what the environment `local` has for itself."""
    return {
        one.name: one.here
        for one in values.variables.values()
        if one.here is not None and one.here != one.default and not (one.here == "" and one.default is None)
    }


def ask(values: Values, name: str) -> None:
    """A name that a command takes from its environment."""
    if values.is_secret(name):
        values.secrets.setdefault(name, ("name", name))
    elif name not in placeholders.NAMES:
        values.variables.setdefault(name, Variable(name, here=values.lookup(name)))


def enter(values: Values) -> None:
    """Every entry of `.env` becomes a variable or a secret."""
    for key, entry in values.env.items():
        if not names.is_variable(key) or key in placeholders.NAMES:
            continue
        if values.is_secret(key):
            values.secrets[key] = ("name", key)
            if "://" in entry.value:
                values.addresses.add(key)
        else:
            values.variables.setdefault(key, Variable(key, here=entry.value))
