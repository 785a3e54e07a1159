"""`command`, `entrypoint` and `healthcheck`: lists and text as one command line that is split without a shell."""

from __future__ import annotations

import re
import shlex

from fairlead.operations.adopt.compose import units
from fairlead.operations.adopt.compose.draft import Draft
from fairlead.operations.adopt.values import LONGEST, Text
from fairlead.project import values
from fairlead.project.tree import Items, Mapping, Node, Scalar, child, children, text_of

_PLAIN = re.compile(r"[\w@%+=:,./${}\[\]*?!^-]+", re.ASCII)
_NAMED = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_IN_HEALTH = ("interval", "timeout")
_COMPOSE_ASKS = {"interval": "30s", "timeout": "30s"}  #: unless told; Fairlead's own check is far more eager


def command(draft: Draft, node: Node, key: str = "command") -> None:
    """`command` or `entrypoint`."""
    if isinstance(node, Scalar) and node.value is None:
        return
    line = _line(draft, node)
    if line is None:
        draft.keep(key, node)
    else:
        draft.own[key] = line


def entrypoint(draft: Draft, node: Node) -> None:
    """As a command; both are split the same way."""
    command(draft, node, "entrypoint")


def _line(draft: Draft, node: Node) -> str | None:
    """The command line; None when it cannot be one: nothing in it, or several lines."""
    texts = _texts(draft, node)
    if texts is None:
        return None
    secret = list(dict.fromkeys(name for text in texts for name in text.secrets))
    words = [text.text for text in texts]
    if secret:
        draft.say("changed", node, f"{secret[0]} is secret: a shell in the container puts it in, not Docker Compose")
        line = joined(["sh", "-c", "exec " + " ".join(_in_shell(draft, word, secret) for word in words)])
    elif isinstance(node, Scalar):
        line = words[0].strip() if len(words) == 1 and "\n" not in node.text.strip() else joined(words)
    else:
        line = joined(words)
    return line if _is_command(line) else None


def _texts(draft: Draft, node: Node) -> list[Text] | None:
    """The words, or the one text as it is when it holds no secret and is on one line."""
    if isinstance(node, Items):
        found = [draft.text(item) for item in node.items]
        return [text for text in found if text is not None] if all(found) else None
    text = draft.text(node)
    if text is None or len(text.text) > LONGEST:
        return None
    try:
        words = shlex.split(text.text)
    except ValueError:
        return None
    if text.secrets or "\n" in text.text.strip():
        return [Text(word, tuple(name for name in text.secrets if f"${{{name}}}" in word)) for word in words]
    return [text]


def joined(words: list[str]) -> str:
    """The words as one line that splits into them; variables stay readable."""
    return " ".join(word if _PLAIN.fullmatch(word) else shlex.quote(word) for word in words)


def _in_shell(draft: Draft, word: str, secret: list[str]) -> str:
    """A word as a shell reads it, with secrets taken from the environment."""
    if not any(f"${{{name}}}" in word for name in secret):
        return word if _PLAIN.fullmatch(word) and "$" not in word else shlex.quote(word)
    return '"' + _NAMED.sub(lambda found: _shell_name(draft, found, secret), re.sub(r'(["`\\])', r"\\\1", word)) + '"'


def _shell_name(draft: Draft, found: re.Match[str], secret: list[str]) -> str:
    """`$NAME` without braces, which Fairlead leaves to the shell; the quotes end it where a letter follows."""
    if found[1] not in secret:
        return found[0]
    follows = found.string[found.end() : found.end() + 1]
    return f"${draft.variable_of(found[1])}" + ('""' if follows.isalnum() or follows == "_" else "")


def _is_command(line: str) -> bool:
    try:
        return bool(values.command(line))
    except ValueError:
        return False


def healthcheck(draft: Draft, node: Node) -> None:
    """A command that ends with 0; what Fairlead has no word for stays with Compose."""
    line = _test(draft, child(node, "test"))
    if not isinstance(node, Mapping) or line is None or child(node, "disable") is not None:
        draft.keep("healthcheck", node)
        return
    health, rest = {"command": line}, {}
    for key, one in node.items.items():
        known = units.duration(one.text) if key in _IN_HEALTH and isinstance(one, Scalar) else None
        if known is not None:
            health[key] = known
        elif key != "test":
            rest[key] = draft.passed(one)
    draft.own["health"] = health
    rest |= {key: usual for key, usual in _COMPOSE_ASKS.items() if key not in node.items}
    if rest:
        draft.compose["healthcheck"] = rest


def store_healthcheck(draft: Draft, node: Node) -> None:
    """A store has no check of its own here: all of it stays with Compose, a secret put in by a shell."""
    test = child(node, "test")
    if not isinstance(node, Mapping) or test is None or not _holds_secret(draft, test):
        draft.keep("healthcheck", node)
        return
    line = _test(draft, test)
    rest = {key: draft.passed(one) for key, one in node.items.items() if key != "test"}
    draft.compose["healthcheck"] = {"test": ["CMD", *shlex.split(line)] if line else ["NONE"], **rest}
    if not line:
        draft.say("lost", test, "it holds a secret, and is more than one command")


def _holds_secret(draft: Draft, test: Node) -> bool:
    texts = [draft.text(item) for _, item in children(test)] or [draft.text(test)]
    return any(text is not None and text.secrets for text in texts)


def _test(draft: Draft, test: Node | None) -> str | None:
    """`[CMD, …]` as a line; what a shell is to run as `sh -c`."""
    if isinstance(test, Scalar):
        return _shell(draft, test)
    if not isinstance(test, Items) or not test.items:
        return None
    kind, *rest = test.items
    if text_of(kind) == "CMD-SHELL" and len(rest) == 1:
        return _shell(draft, rest[0])
    if text_of(kind) != "CMD" or not rest:
        return None
    return _line(draft, Items(test.path, test.mark, test.key, rest))


def _shell(draft: Draft, node: Node) -> str | None:
    text = draft.text(node)
    if text is None:
        return None
    code = text.text
    if text.secrets:
        draft.say("changed", node, f"{text.secrets[0]} is secret: the shell in the container puts it in")
        code = _NAMED.sub(lambda found: _shell_name(draft, found, list(text.secrets)), code)
    line = joined(["sh", "-c", code.strip()])
    return line if code.strip() and _is_command(line) else None
