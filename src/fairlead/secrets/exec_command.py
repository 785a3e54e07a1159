"""The back end `exec`: any command that prints a value, such as those of 1Password, Bitwarden, pass or Doppler.

The command is split into words first and `{name}` filled in then, so a name never becomes more than one word. A value
goes in by standard input, never by the command line, which everybody on the machine can read.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from pathlib import Path

from fairlead.errors import UsageError
from fairlead.masking import Secret, masked
from fairlead.secrets.base import ReadOnly, Unavailable
from fairlead.system.commands import Command, Outcome, run

NOTHING = "; for what has no value yet it has to exit with 0 and print nothing"
PATIENCE = 60.0  #: seconds for one command; some ask a person for a fingerprint


class ExecBackend:
    """Commands from the project file: `get`, and `set` where values may be changed."""

    def __init__(self, get: str | None, set_: str | None, declared: Collection[str], folder: Path) -> None:
        if not get:
            what = "secret_backend has no `get`, the command that prints a value"
            raise UsageError(what, 'for example: secret_backend: {kind: exec, get: "pass show shop/{name}"}')
        self._get = _words(get, "get")
        self._set = _words(set_, "set") if set_ else None
        self._declared = tuple(declared)
        self._folder = folder

    @property
    def where(self) -> str:
        """The program that is asked."""
        return f"the command {self._get[0]}"

    def names(self) -> tuple[str, ...]:
        """Each declared one is asked for, since a command cannot say what it has."""
        return tuple(sorted(self.get(self._declared)))

    def get(self, names: Collection[str]) -> dict[str, Secret]:
        """What the command prints; one that prints nothing has no value. Unavailable when it fails."""
        found = {name: self._run(self._get, name) for name in names}
        return {name: Secret(text) for name, text in found.items() if text}

    def set(self, values: Mapping[str, Secret]) -> None:
        """One after the other: a command knows no transaction. Those before one that fails are kept, and named."""
        if self._set is None:
            what = "secret_backend has no `set`, so Fairlead cannot change a value there"
            raise ReadOnly(what, "set the value with the program itself, or name its command under `set`")
        done: list[str] = []
        for name, value in values.items():
            try:
                self._run(self._set, name, value)
            except Unavailable as error:
                kept = f"; {', '.join(done)} had been set before" if done else ""
                raise Unavailable(error.message + kept, error.hint) from None
            done.append(name)

    def add(self, values: Mapping[str, Secret]) -> tuple[str, ...]:
        """Asked first, one by one; somebody else who sets one in between is not noticed."""
        there = self.get(values)
        missing = {name: value for name, value in values.items() if name not in there}
        if missing:
            self.set(missing)
        return tuple(missing)

    def delete(self, names: Collection[str]) -> None:
        """ReadOnly, always: there is no command for it."""
        there = self.get(names)
        if there:
            what = f"{next(iter(there))} cannot be taken out by a command"
            raise ReadOnly(what, "take it out with the program itself")

    def _run(self, words: tuple[str, ...], name: str, value: Secret | None = None) -> str:
        argv = tuple(word.replace("{name}", name) for word in words)
        outcome = run(Command(argv, cwd=self._folder, timeout=PATIENCE, stdin=value, apart=True))
        if not outcome:
            hint = f"try it: {outcome.command.shown()}" + (NOTHING if value is None else "")
            raise Unavailable(_failure(outcome, name, value), hint)
        return outcome.output.removesuffix("\n")


def _words(command: str, key: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        raise UsageError(f"secret_backend: the quotes of `{key}` are not closed", "close them") from None
    if not words or not any("{name}" in word for word in words):
        what = f"secret_backend: `{key}` has no {{name}}, so it would do the same for every secret"
        raise UsageError(what, f'for example: {key}: "pass show shop/{{name}}"')
    return words


def _failure(outcome: Outcome, name: str, value: Secret | None) -> str:
    said = outcome.errors.strip().splitlines()[-1:] or (outcome.output.strip().splitlines()[-1:] if value else [])
    why = "took too long and was ended" if outcome.timed_out else f"exited with {outcome.code}"
    if outcome.code == 127 and not said:
        return f"{outcome.output or outcome.command.argv[0]}, so {name} cannot be had"
    text = masked(said[0], [value.reveal()] if value else ()) if said else ""
    return f"the command for {name} {why}" + (f": {text}" if text else "")
