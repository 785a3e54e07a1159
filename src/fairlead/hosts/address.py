"""The address of a host, as the project file has it: `ssh://deploy@shop.example.com:22`, or a name of ~/.ssh/config."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairlead.errors import UsageError

SHAPE = re.compile(
    r"(?:ssh://)?(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?"
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?"
)
LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Address:
    """Where, and as whom. What is None is left to ssh and its configuration."""

    name: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        who = f"{self.user}@{self.name}" if self.user else self.name
        return f"{who}:{self.port}" if self.port else who


def parse(text: str) -> Address:
    """The address in `text`. UsageError, with what is expected."""
    found = SHAPE.fullmatch(text)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port <= LAST_PORT):
        what = f'"{text}" is not the address of a host'
        raise UsageError(what, "write it as ssh://deploy@shop.example.com:22, or as a name of ~/.ssh/config")
    return Address(found["name"].strip("[]"), found["user"], port)
