"""Templates that use secrets: what they were filled in with is kept beside what was handed over, so that a rotation can
fill them in anew without the project's folder or the back end. Only the environment's user reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fairlead.project.stack import Format

FILE = "templates.json"
FOLDER = ".templates"  #: beside the folders of services


@dataclass(frozen=True, slots=True)
class Recipe:
    """A template, and the values that it uses. It shows none of them."""

    target: str
    text: str = field(repr=False)
    format: Format
    file: str  #: as messages name it
    values: Mapping[str, str] = field(repr=False)

    def uses(self, name: str) -> bool:
        """Whether another value of this secret makes another file."""
        from fairlead.render.template import used  # noqa: PLC0415 — brings Jinja and every format

        return name in used(self.text)

    def with_value(self, name: str, value: str) -> Recipe:
        """The same with another value, where it uses it."""
        return replace(self, values={**self.values, name: value}) if self.uses(name) else self

    def filled(self) -> bytes:
        """The file. ConfigurationError when a value does not fit into it."""
        from fairlead.render.template import render_template  # noqa: PLC0415 — as above

        return render_template(self.text, self.values, self.format, self.file, ()).encode()


def pack(recipes: Iterable[Recipe]) -> bytes:
    """As it is kept; empty when there are none."""
    rows = [asdict(one) | {"values": dict(one.values)} for one in recipes]
    return json.dumps(rows).encode() if rows else b""


def unpack(content: bytes) -> tuple[Recipe, ...]:
    """The inverse of `pack`."""
    rows: list[dict[str, Any]] = json.loads(content) if content else []
    return tuple(Recipe(**row) for row in rows)
