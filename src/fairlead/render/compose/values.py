"""What a Compose file is made of: text whose `$` is meant, references whose `$` is not, and how two parts merge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairlead.project import placeholders
from fairlead.project.stack import Stack
from fairlead.render.container import FILES, SECRETS
from fairlead.render.ways import no_value

RELEASE = "${RELEASE:?set it to the name of this release}"
_MARK = "\0"  #: stands for it until the text is written: no text of a project file has that


class Reference(str):
    """Text that Compose is to interpolate."""

    __slots__ = ()


def literal(value: Any) -> Any:
    """The same data, with every `$` in text as Compose reads a literal one."""
    if isinstance(value, Reference):
        return value
    if isinstance(value, str):
        return value.replace("$", "$$").replace(_MARK, RELEASE)
    if isinstance(value, Mapping):
        return {str(key): literal(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [literal(one) for one in value]
    return value


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on `base`: mappings merge, anything else replaces, null takes away."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = merged({}, value) if isinstance(value, Mapping) and value else value
    return result


def values_in(stack: Stack, name: str = "") -> dict[str, str]:
    """What `${NAME}` stands for in a container. The release is known only where it is started."""
    return {
        **stack.variables,
        "PROJECT": stack.project,
        "ENVIRONMENT": stack.environment,
        "PYTHON": "python3",
        "FAIRLEAD": "python3",  # the image has to have it: pip install "fairlead[static]"
        "FILES": FILES,
        "SECRETS": SECRETS,
        "RELEASE": _MARK,
        **({"INSTANCE": name} if name else {}),
    }


def filled(text: str, stack: Stack) -> Reference:
    """`text` with `${NAME}` replaced by what it is in a container."""
    try:
        text = placeholders.expand(text, values_in(stack))
    except KeyError as error:
        raise no_value(error.args[0], stack) from None
    return Reference(literal(text))


def filled_data(value: Any, stack: Stack) -> Any:
    """Data with every text in it filled in."""
    if isinstance(value, str):
        return filled(value, stack)
    if isinstance(value, Mapping):
        return {str(key): filled_data(one, stack) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [filled_data(one, stack) for one in value]
    return value


def seconds(value: float) -> str:
    """A duration as Compose reads it."""
    return f"{int(value)}s" if value == int(value) else f"{round(value * 1000)}ms"


def size(value: int) -> str:
    """Bytes in the largest unit that is exact."""
    for power, unit in ((3, "G"), (2, "M"), (1, "K")):
        if value % 1024**power == 0:
            return f"{value // 1024**power}{unit}"
    return f"{value}B"
