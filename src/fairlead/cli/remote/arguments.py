"""The arguments of a command, from one machine to the other: by name, each of its parameter's type, never a path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import click
from click.core import ParameterSource

from fairlead.cli.remote.table import Row
from fairlead.errors import Refused, UsageError
from fairlead.operations.remote.request import Value

PLACES = ("environment", "environments")  #: said apart from all others


def sent(context: click.Context, row: Row) -> dict[str, Value]:
    """What was given on the command line. UsageError for a file, which is not where the command will run."""
    found: dict[str, Value] = {}
    for parameter in _own(context.command):
        name = parameter.name or ""
        given = context.get_parameter_source(name) not in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP, None)
        value = context.params.get(name)
        if not given or value is None or (row.handed and isinstance(parameter.type, click.Path)):
            continue
        if name in row.here:
            raise UsageError(f"{parameter.opts[0]} is of no use where the environment runs on another machine")
        if isinstance(parameter.type, click.Path):
            found[name] = _plain_name(str(value), parameter, row)
        else:
            found[name] = tuple(map(str, value)) if isinstance(value, tuple | list) else value
    return found


def _plain_name(value: str, parameter: click.Parameter, row: Row) -> str:
    if parameter.name not in row.names or "/" in value or value.startswith("."):
        what = f"{parameter.opts[0]} takes no file of this machine where the environment runs on another one"
        raise UsageError(what, "give a name alone, of what lies there" if parameter.name in row.names else None)
    return value


def argv(command: click.Command, row: Row, arguments: Mapping[str, Value], environments: Sequence[str]) -> list[str]:
    """The command line behind the command's words. Refused for what does not fit the command's parameters."""
    parameters = {parameter.name: parameter for parameter in _own(command)}
    strange = sorted(arguments.keys() - (parameters.keys() - set(row.here)))
    if strange:
        raise Refused(f"{command.name} takes no {strange[0]!r} from elsewhere")
    options, words = [], list(environments)
    for parameter in parameters.values():
        value = arguments.get(str(parameter.name))
        if value is None:
            continue
        if isinstance(parameter.type, click.Path):
            value = _there(str(value), parameter, row)
        if isinstance(parameter, click.Option):
            options += _option(parameter, value)
        else:
            words += value if isinstance(value, tuple) else [str(value)]
    return [*options, "--", *words]


def _there(value: str, parameter: click.Parameter, row: Row) -> str:
    if parameter.name not in row.names or "/" in value or value.startswith("."):
        raise Refused(f"{parameter.opts[0]} takes no path from elsewhere")
    return value


def _option(option: click.Option, value: Value) -> list[str]:
    name = max(option.opts, key=len)
    if option.is_flag:
        if not isinstance(value, bool):
            raise Refused(f"{name} is a switch")
        off = max(option.secondary_opts, key=len) if option.secondary_opts else None
        return [name] if value else [off] if off else []
    if isinstance(value, bool) or (isinstance(value, tuple) and not option.multiple):
        raise Refused(f"{name} takes a value")
    values = value if isinstance(value, tuple) else (value,)
    return [f"{name}={one}" for one in values]


def _own(command: click.Command) -> Iterator[click.Parameter]:
    for parameter in command.params:
        if parameter.expose_value and parameter.name not in PLACES:
            yield parameter
