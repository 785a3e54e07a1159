"""What is asked of a host, as a value: typed, bounded, and nothing that a shell or a disk could take for more."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fairlead.hosts.wire import Malformed
from fairlead.masking import Secret

Value = bool | int | float | str | tuple[str, ...]
LONGEST_TEXT = 8 << 10  #: characters of one value
MOST_VALUES = 100
_JOB = ("name", "job", "run", "user")
_COMMIT = ("commit", "branch", "subject")


@dataclass(frozen=True, slots=True)
class Request:
    """One command. `arguments` are by the names of the command's own parameters; the environment is not among them."""

    operation: str
    arguments: dict[str, Value] = field(default_factory=dict)
    source: str | None = None  #: of a promotion: the environment that it comes from
    origin: dict[str, Any] = field(default_factory=dict)  #: who asks, and which commit the files are of
    commit: dict[str, Any] | None = None  #: more of the commit, where images are named by it
    json: bool = False
    live: bool = False  #: a terminal shows it, and wants what changes every second too
    secret: Secret | None = None  #: the value that a rotation was given

    def to_data(self) -> dict[str, Any]:
        """As it is sent."""
        data = {
            "say": "run", "operation": self.operation, "arguments": self.arguments, "source": self.source,
            "origin": self.origin, "commit": self.commit, "json": self.json, "live": self.live, "secret": None,
        }  # fmt: skip
        if self.secret is not None:
            data["secret"] = base64.b64encode(self.secret.reveal().encode(errors="surrogateescape")).decode()
        return data


def from_data(data: Mapping[str, Any]) -> Request:
    """The inverse of `to_data`. Malformed for anything else."""
    if set(data) != {"say", "operation", "arguments", "source", "origin", "commit", "json", "live", "secret"}:
        raise Malformed("a request with other parts than it has")
    arguments, origin = data["arguments"], _origin(data["origin"])
    if not isinstance(arguments, dict) or len(arguments) > MOST_VALUES:
        raise Malformed("a request whose arguments are none")
    if not isinstance(data["json"], bool) or not isinstance(data["live"], bool):
        raise Malformed("a request that does not say how it is answered")
    source = None if data["source"] is None else text(data["source"])
    values = {text(name): _value(value) for name, value in arguments.items()}
    return Request(
        text(data["operation"]), values, source, origin, _commit(data["commit"]), data["json"], data["live"],
        _secret(data["secret"]),
    )  # fmt: skip


def text(value: Any) -> str:
    """A text of a sensible length, without what no command line can have. Malformed."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\0" in value:
        raise Malformed("a text that is none, or too long")
    return value


def _value(value: Any) -> Value:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list):
        if len(value) > MOST_VALUES:
            raise Malformed(f"more than {MOST_VALUES} values")
        return tuple(text(one) for one in value)
    return text(value)


def _origin(said: Any) -> dict[str, Any]:
    """Who and which commit, as `describe_origin` has it, and nothing else."""
    if not isinstance(said, dict) or not set(said) <= {"user", "host", "ci", "git"}:
        raise Malformed("an origin that is none")
    found: dict[str, Any] = {key: _maybe(said.get(key)) for key in ("user", "host")}
    found["ci"], found["git"] = _part(said.get("ci"), _JOB), _part(said.get("git"), _COMMIT)
    if found["git"] is not None:
        if not isinstance(said["git"].get("commit"), str):
            raise Malformed("a commit without a name")
        found["git"]["dirty"] = said["git"].get("dirty") is True
    return found


def _commit(said: Any) -> dict[str, Any] | None:
    """A commit as `fairlead.artifacts.commit.Commit` has it, and nothing else."""
    if said is None:
        return None
    if not isinstance(said, dict) or set(said) != {"id", "branch", "dirty", "tags", "default", "moment", "source"}:
        raise Malformed("a commit that is none")
    tags, moment = said["tags"], said["moment"]
    if not isinstance(tags, list) or len(tags) > MOST_VALUES or not isinstance(moment, float | None):
        raise Malformed("a commit that is none")
    return {
        "id": text(said["id"]), "branch": _maybe(said["branch"]), "dirty": said["dirty"] is True,
        "tags": [text(one) for one in tags], "default": said["default"] is True, "moment": moment,
        "source": text(said["source"]),
    }  # fmt: skip


def _part(said: Any, keys: tuple[str, ...]) -> dict[str, Any] | None:
    if said is None:
        return None
    if not isinstance(said, dict):
        raise Malformed("an origin that is none")
    return {key: _maybe(said.get(key)) for key in keys}


def _maybe(value: Any) -> str | None:
    return None if value is None else text(value)


def _secret(value: Any) -> Secret | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Malformed("a value that is none")
    try:
        return Secret(base64.b64decode(value, validate=True).decode(errors="surrogateescape"))
    except (binascii.Error, ValueError):
        raise Malformed("a value that is none") from None
