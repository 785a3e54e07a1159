"""The values that became known in this process. What Fairlead prints or writes by itself goes through here.

They are kept until the process ends, not only as long as somebody holds them: an error may quote a log long after the
value was delivered. Values shorter than `SHORTEST` are not kept; the checks of a project refuse them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fairlead.masking.forms import SHORTEST, certificates_alone, forms

MASK = "********"

_values: set[str] = set()
_forms: tuple[str, ...] | None = ()  #: of all of them, the longest first; None: to be made anew
_first: list[Callable[[], None]] = []


def learn(value: str) -> bool:
    """From now on this value is masked in everything this process says. Whether it is the first one."""
    global _forms  # noqa: PLW0603 — one register for the process is the point
    if len(value) < SHORTEST or value in _values or certificates_alone(value):
        return False
    first = not _values
    _values.add(value)
    _forms = None
    for act in _first if first else ():
        act()
    return first


def at_first(act: Callable[[], None]) -> None:
    """Have `act` called when the first value becomes known to this process."""
    if act not in _first:
        _first.append(act)


def forget() -> None:
    """Forget all of them; tests that follow each other in one process must not know each other's."""
    global _forms  # noqa: PLW0603
    _values.clear()
    _forms = ()


def concealed(text: str) -> str:
    """`text` without any value that this process knows, nor its base64, URL-encoded or quoted forms."""
    for form in _known():
        if form in text:
            text = text.replace(form, MASK)
    return text


def _known() -> tuple[str, ...]:
    global _forms  # noqa: PLW0603
    if _forms is None:
        _forms = tuple(sorted({form for value in tuple(_values) for form in forms(value)}, key=lambda form: -len(form)))
    return _forms


def concealed_data(data: Any) -> Any:
    """JSON data, its strings concealed, so that it stays JSON whatever a value is. Keys are names and stay."""
    if not _values:
        return data
    if isinstance(data, str):
        return concealed(data)
    if isinstance(data, Mapping):
        return {key: concealed_data(one) for key, one in data.items()}
    if isinstance(data, list | tuple):
        return [concealed_data(one) for one in data]
    return data
