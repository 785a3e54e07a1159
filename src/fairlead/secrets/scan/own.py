"""The project's own values, looked for as they are and in every form they may have been written in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fairlead.masking import Secret
from fairlead.masking.forms import PLAIN, forms
from fairlead.secrets.scan.leak import Match

SHORTEST = 8  #: characters; what is shorter stands in any text by chance, and is refused as too weak besides


@dataclass(frozen=True, slots=True)
class OwnValue:
    """A value that could be read on this machine."""

    name: str
    environment: str
    value: Secret


def label(name: str, environment: str, how: str) -> str:
    """How findings name it."""
    return f"the value of {name} ({environment})" + ("" if how == PLAIN else f", {how}")


class OwnValues:
    """Finds them in a text."""

    def __init__(self, values: Iterable[OwnValue]) -> None:
        self._forms: dict[str, str] = {}
        for one in values:
            value = one.value.reveal()
            if len(value) >= SHORTEST:
                for form, how in forms(value).items():
                    self._forms.setdefault(form, label(one.name, one.environment, how))

    def find(self, text: str) -> Iterator[Match]:
        """Every place of every form."""
        for form, kind in self._forms.items():
            start = text.find(form)
            while start >= 0:
                yield Match(start, start + len(form), kind, own=True)
                start = text.find(form, start + len(form))
