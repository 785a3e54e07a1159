"""The arguments of every command go over and come out the same, and nothing else does."""

import json

import click
import pytest

from fairlead.cli.main import fairlead
from fairlead.cli.moment import Moment
from fairlead.cli.remote.arguments import PLACES, argv, sent
from fairlead.cli.remote.table import REMOTE
from fairlead.cli.session import Session
from fairlead.errors import Refused, UsageError
from fairlead.operations.remote.request import Request, from_data


def command_of(words):
    found = fairlead
    for word in words:
        found = found.get_command(click.Context(found), word)
    return found


def parsed(command, words):
    """The parameters as the command would get them; nothing is called."""
    return command.make_context("x", list(words), obj=Session(), resilient_parsing=False)


def every_option(command, row):
    """A command line with all that the command takes."""
    words = []
    for parameter in command.params:
        if parameter.name in PLACES or not parameter.expose_value or isinstance(parameter.type, click.Path):
            continue
        if parameter.name in row.here:
            continue
        if isinstance(parameter, click.Option):
            words += [parameter.opts[0], *([] if parameter.is_flag else [example(parameter.type)])]
    positional = [example(one.type) for one in command.params
                  if isinstance(one, click.Argument) and one.name not in PLACES]  # fmt: skip
    return [*words, "production", *positional]


def example(kind):
    if isinstance(kind, click.Choice):
        return kind.choices[0]
    if isinstance(kind, Moment):
        return "2026-01-31 20:00"
    return (
        "7" if isinstance(kind, click.IntRange | click.FloatRange) or kind in (click.INT, click.FLOAT) else "--it's"[2:]
    )


@pytest.mark.parametrize("words", REMOTE, ids=" ".join)
def test_they_come_out_the_same(words):
    command, row = command_of(words), REMOTE[words]
    given = parsed(command, every_option(command, row))
    request = from_data(json.loads(json.dumps(Request("x", sent(given, row)).to_data())))
    there = parsed(command, argv(command, row, request.arguments, ["production"]))
    same = {name: value for name, value in given.params.items() if name not in PLACES}
    assert {name: there.params[name] for name in same} == same


def test_a_value_is_never_an_option():
    command, row = command_of(("logs",)), REMOTE[("logs",)]
    words = argv(command, row, {"services": ("--follow", "-n")}, ["production"])
    assert parsed(command, words).params["services"] == ("--follow", "-n")
    command, row = command_of(("rollback",)), REMOTE[("rollback",)]
    words = argv(command, row, {"message": "--yes"}, ["production"])
    assert parsed(command, words).params["message"] == "--yes" and not parsed(command, words).params["yes"]


@pytest.mark.parametrize(
    ("words", "arguments"),
    [(("deploy",), {"file": "/etc/passwd"}), (("deploy",), {"environment": "next"}), (("deploy",), {"as_json": True}),
     (("rollback",), {"yes": "x"}), (("rollback",), {"message": True}), (("rollback",), {"message": ("a", "b")}),
     (("verdict",), {"replay": "/etc/passwd"}), (("verdict",), {"replay": "../x"}),
     (("secrets", "rotate"), {"source": "/etc/passwd"}), (("secrets", "rotate"), {"source": "x"}),
     (("deploy",), {"init_secrets": True})],
)  # fmt: skip
def test_what_does_not_fit_is_refused(words, arguments):
    with pytest.raises(Refused):
        argv(command_of(words), REMOTE[words], arguments, ["production"])


def test_a_file_of_this_machine_is_not_sent():
    command = command_of(("verdict",))
    row = REMOTE[("verdict",)]
    with pytest.raises(UsageError):
        sent(parsed(command, ["production", "--replay", "/etc/passwd"]), row)
    assert sent(parsed(command, ["production", "--replay", "rollout-7.jsonl"]), row) == {"replay": "rollout-7.jsonl"}


def test_what_this_machine_keeps_is_not_made_there():
    with pytest.raises(UsageError):
        sent(parsed(command_of(("deploy",)), ["production", "--init-secrets"]), REMOTE[("deploy",)])
