"""Of every command it was decided where it runs when the environment is on another machine."""

import click

from fairlead.cli.main import fairlead
from fairlead.cli.remote.arguments import PLACES
from fairlead.cli.remote.table import LOCAL, ON_HOST, REMOTE, known


def commands(group=fairlead, words=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


def test_every_command_is_in_the_table():
    there = dict(commands())
    assert [" ".join(words) for words in there if not known(words)] == []
    assert REMOTE.keys() | ON_HOST <= there.keys()
    assert all(any(words[: len(one)] == one for words in there) for one in LOCAL)


def test_who_goes_elsewhere_has_an_environment():
    for words, command in commands():
        if words in REMOTE:
            assert any(parameter.name in PLACES for parameter in command.params), words


def test_what_changes_something_lasts():
    assert not REMOTE[("deploy",)].acts({"only_plan": True})
    assert REMOTE[("deploy",)].acts({})
    assert not REMOTE[("drift",)].acts({}) and REMOTE[("drift",)].acts({"fix": True})
    assert not REMOTE[("status",)].acts({})
