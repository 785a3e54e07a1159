"""`environment`, `env_file` and `secrets`: what is plain stands in the project file, of what is secret the name."""

from __future__ import annotations

import re

from fairlead.operations.adopt import names
from fairlead.operations.adopt.compose import units
from fairlead.operations.adopt.compose.draft import Draft
from fairlead.operations.adopt.values import Text, Variable
from fairlead.project import dotenv
from fairlead.project.tree import Items, Mapping, Mark, Node, Scalar, child, children, text_of

MOST = 3_000  #: variables that files give to services, all in all


def environment(draft: Draft, node: Node) -> None:
    """Every variable of the container, over those of its files."""
    for key, one in children(node):
        if isinstance(one, Scalar):
            draft.own.get("env", {}).pop(str(key), None)
            draft.secrets.pop(str(key), None)
            _entry(draft, str(key), one)
        else:
            draft.say("lost", one, "expected text, a number, true or false")


def _entry(draft: Draft, key: str, node: Scalar) -> None:
    if node.value is None:
        node = Scalar(node.path, node.mark, node.key, f"${{{key}}}", f"${{{key}}}")
        if not names.is_variable(key):
            draft.say("lost", node, "a variable of that name cannot come from outside")
            return
    if not isinstance(node.value, str):
        node = _as_read(draft, node)
    text = draft.shared.values.text(node)
    if text.secrets or _is_secret(draft, key, node, text):
        _secret(draft, key, node, text)
    elif names.is_variable(key) and "\0" not in text.text:
        draft.own.setdefault("env", {})[key] = text.text
    else:
        draft.compose.setdefault("environment", {})[key] = text.text


def _as_read(draft: Draft, node: Scalar) -> Scalar:
    """A number as the container gets it today."""
    text = units.as_read(node.value, node.text)
    if text != node.text and not isinstance(node.value, bool):
        draft.say("changed", node, f"Docker Compose reads it as {text}; put it in quotes to have it as it is written")
    return Scalar(node.path, node.mark, node.key, text, text)


def _is_secret(draft: Draft, key: str, node: Scalar, text: Text) -> bool:
    """A literal that nobody should read. `${NAME}` alone is what the name says; so is a file's path, or nothing."""
    if not text.text or re.fullmatch(r"\$\{\w+\}|true|false|[0-9]{1,5}", text.text):
        return False
    return names.is_secret(key, draft.shared.values.today(node) or text.text)


def _secret(draft: Draft, key: str, node: Scalar, text: Text) -> None:
    if not names.is_variable(key):
        draft.say("lost", node, f"{key} is secret, and cannot be the name of a variable")
        return
    values = draft.shared.values
    if text.only:
        name = values.secret(("name", text.secrets[0]), text.secrets[0], draft.name)
    else:
        name = values.secret((text.text, key), key, draft.name)
        _said(draft, node, name, text)
    values.needed[name] = values.needed.get(name, False) or not text.optional
    value = values.lookup(text.secrets[0]) or "" if text.only else text.text
    if "://" in value:
        values.addresses.add(name)
    if text.fallback or (not text.secrets):
        draft.say("hard-coded", node, f"a secret stands here in plain text; keep it as {name}, and make a new one")
    draft.give_secret(key, name)


def _said(draft: Draft, node: Node, name: str, text: Text) -> None:
    if text.secrets:
        made = ", ".join(text.secrets)
        draft.say("changed", node, f"made of {made}; a secret is one value: `fairlead secrets set ENV {name}`")


def env_file(draft: Draft, node: Node) -> None:
    """The variables of a file, as if they stood in the service."""
    for _, item in children(node):
        path = text_of(child(item, "path") if isinstance(item, Mapping) else item)
        if not path:
            draft.say("lost", item, "expected the path of a file")
        elif text_of(child(item, "format")) == "raw":
            draft.say("lost", item, "a file without quotes and variables (format: raw) is not read")
        else:
            _file(draft, item, path)


def _file(draft: Draft, item: Node, path: str) -> None:
    shared = draft.shared
    named = Scalar(item.path, item.mark, item.key, path, path)
    found = shared.values.today(named)
    entries = shared.variables_of(found) if found else None
    if found is None or entries is None:
        required = child(item, "required")
        if not (isinstance(required, Scalar) and required.value is False):
            draft.say("lost", item, f"there is no file {path} here; its variables are not known")
        return
    shared.entries += len(entries)
    if shared.entries > MOST:
        draft.say("lost", item, f"files give services more than {MOST} variables, all in all")
        return
    for key, entry in entries.items():
        _from_file(draft, key, entry, found)


def _from_file(draft: Draft, key: str, entry: dotenv.Entry, file: str) -> None:
    """A plain one becomes a variable, so that environments can differ in it; two files that differ do not share one."""
    values = draft.shared.values
    mark = Mark(entry.line, entry.column)
    node = Scalar((file.removeprefix("./"), key), mark, mark, entry.value, entry.value)
    if not names.is_variable(key):
        draft.compose.setdefault("environment", {})[key] = entry.value.replace("${", "$${")
    elif names.is_secret(key, entry.value) and entry.value:
        source = ("name", key) if values.lookup(key) == entry.value else (entry.value, key)
        name = values.secret(source, key, draft.name)
        if "://" in entry.value:
            values.addresses.add(name)
        draft.say("note", node, f"a secret; `fairlead secrets import` takes {name} from this file")
        draft.give_secret(key, name)
    else:
        draft.own.setdefault("env", {})[key] = _shared_value(draft, key, entry.value)


def _shared_value(draft: Draft, key: str, value: str) -> str:
    values = draft.shared.values
    own = values.own_name(key)
    variable = values.variables.setdefault(own, Variable(own, default=value, here=values.lookup(key)))
    if variable.default is None:
        variable.default = value
    return f"${{{own}}}" if value in (variable.here, variable.default) else value.replace("${", "$${")


def secrets(draft: Draft, node: Node) -> None:
    """Files in /run/secrets. Those with a place of their own stay with Compose."""
    found = [_file_secret(item) for _, item in children(node)]
    if not isinstance(node, Items) or not all(found):
        draft.keep("secrets", node)
        return
    for name in found:
        if name:
            draft.shared.values.secrets.setdefault(name, ("file", name))
            draft.give_secret(name, name, "file")


def _file_secret(item: Node) -> str | None:
    name = text_of(child(item, "source") if isinstance(item, Mapping) else item)
    if isinstance(item, Mapping) and (set(item.items) - {"source", "target"} or text_of(child(item, "target")) != name):
        return None if set(item.items) != {"source"} else name if name and names.is_variable(name) else None
    return name if name and names.is_variable(name) else None
