"""What one login may do: act on one environment of one project, and nothing else.

A key in authorized_keys has `restrict,command="fairlead serve-ssh ENV --project NAME"`. What the other side asked ssh
to run is then in $SSH_ORIGINAL_COMMAND, and is only looked at: it may ask for exactly the same, or is refused.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead.errors import Refused
from fairlead.system import clock
from fairlead.system.home import Place, home

ASKED, CONNECTION = "SSH_ORIGINAL_COMMAND", "SSH_CONNECTION"
PATH = 'exec env PATH="$HOME/.local/bin:$PATH" '  #: sh, bash, zsh, fish and csh read it alike
DEPLOYER = ("deploy", "rollback", "doctor", "status", "history", "releases")
"""What a key may do whose line says nothing of it: deploy, see what came of it, go back."""
ALL = "all"  #: in place of a name: whatever runs on a host
LARGEST_LOG = 1 << 20  #: bytes
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_COMMAND = re.compile(
    rf"(?:{re.escape(PATH)})?fairlead serve-ssh (?P<environment>[A-Za-z0-9_-]+)"
    r"(?: --project (?P<project>[A-Za-z0-9_-]+))?(?: --login)?"
)


def command_line(project: str, environment: str) -> str:
    """What a client asks ssh to run. `--login` has an effect only where no key forces another command."""
    return f"{PATH}fairlead serve-ssh {environment} --project {project} --login"


def terminal_line(project: str, words: Sequence[str], arguments: Sequence[str]) -> str:
    """What a login on the host runs for a command of this terminal. A forced command refuses it."""
    return PATH + shlex.join(["fairlead", *words, "--project", project, *arguments])


@dataclass(frozen=True, slots=True)
class Bound:
    """`project` is None until somebody says which: only where nobody else said it."""

    environment: str
    project: str | None = None
    sources: tuple[str, ...] = ()  #: environments whose live release may be promoted to this one
    may: tuple[str, ...] = DEPLOYER  #: commands, by their words; who may log in has all of them
    roots: bool = False  #: what it deploys may take the machine; who may log in has it anyway
    forced: bool = True  #: a key in authorized_keys may do this alone; False: whoever it is may log in too

    def place(self) -> Place:
        """Where the environment is. Refused while the project is not known."""
        if self.project is None:
            raise Refused("no project was named")
        return Place.of(self.project, self.environment)

    def agreed(self, project: str, environment: str) -> Bound:
        """The same, with the project that the other side says. Refused when it says another one."""
        if environment != self.environment:
            what = f"this key is for {self.environment} alone, not for {environment}"
            raise Refused(what, f"ask whoever keeps the server for a key for {environment}")
        if not _PROJECT.fullmatch(project):
            raise Refused(f"{project!r} is no name of a project")
        mine = self.project or (_only_one(environment, project) if self.forced else project)
        if mine != project:
            what = f"this key is for {environment} of {mine} alone, not of {project}"
            raise Refused(what, f"ask whoever keeps the server for a key for {project}")
        return replace(self, project=mine)

    def require_may(self, operation: str, promoted: bool = False) -> None:
        """Refused for a command that is not this key's. `promoted`: from an environment that is among `sources`."""
        if not self.forced or promoted or operation in self.may or ALL in self.may:
            return
        what = f"this key may {', '.join(self.may)} in {self.environment}, and not {operation}"
        word = operation.replace(" ", "-")
        raise Refused(what, f"use a key that may, or have `--may {word}` in its line in authorized_keys")

    def check_asked(self, environ: Mapping[str, str] = os.environ) -> None:
        """Refused when ssh was asked for anything but this. Does nothing where no command was forced."""
        if not self.forced or not {ASKED, CONNECTION} & environ.keys():
            return
        found = _COMMAND.fullmatch(environ.get(ASKED, ""))
        if found is None:
            what = "this key runs fairlead alone: no shell, no files, no forwarding"
            raise Refused(what, "use it with the commands of fairlead, for example `fairlead status ENV`")
        self.agreed(found["project"] or self.project or "", found["environment"])


def _only_one(environment: str, project: str) -> str:
    """The project that has this environment here; `project` when there is none yet. Refused when there are several."""
    there = sorted(path.parent.name for path in home().glob(f"*/{environment}") if _is_place(path))
    if len(there) > 1:
        what = f"this key does not say which project it is for: {', '.join(there)} have {environment} here"
        raise Refused(what, f'write command="fairlead serve-ssh {environment} --project NAME" in authorized_keys')
    return there[0] if there else project


def _is_place(path: Path) -> bool:
    return any((path / name).exists() for name in ("ledger.db", "remote"))


def write_refusal(bound: Bound, why: str, environ: Mapping[str, str] = os.environ) -> None:
    """A line in HOME/remote.log: who was refused what. A log that is large makes room for a new one."""
    log = home() / "remote.log"
    address = environ.get(CONNECTION, "").partition(" ")[0] or "this machine"
    what = f"{clock.stamp()} {address} {bound.project or '-'}/{bound.environment} refused: {why}"
    line = "".join(letter if letter.isprintable() else "?" for letter in what)[:2000]
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        file.write(line + "\n")
