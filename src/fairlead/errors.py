"""The error tree. The command line and the server each have one handler; nothing else formats errors.

FairleadError           exit 1   something failed; message says what and where, hint says what to do next
├── UsageError          exit 2   the command line is wrong
│   └── ConfigurationError       fairlead.yaml is wrong; carries every finding with file:line:column
├── Refused             exit 3   preflight said no, before anything was touched
├── Busy                exit 4   somebody else holds the environment
├── Waiting             exit 5   a person has to decide, and the deadline has passed
├── Interrupted         exit 130 Ctrl-C
├── Temporary           exit 1   may work when tried again (a probe, a port taken in between)
└── RolloutFailed       exit 1   the deployment was undone; reason says why
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class FairleadError(Exception):
    """Anything Fairlead can explain. `message` is one sentence without a full stop, `hint` the next thing to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(FairleadError):
    """The command was called in a way that cannot work."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in a file: `file:line:column: path: message`. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


class ConfigurationError(UsageError):
    """The project file is not valid; all findings at once, in the order of the file."""

    def __init__(self, findings: Sequence[Finding], hint: str | None = None) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings), hint)


class Refused(FairleadError):
    """A check before the work said that the work would fail."""

    exit_code = 3


class Busy(FairleadError):
    """The environment's lock is held by somebody else."""

    exit_code = 4


class Waiting(FairleadError):
    """A person was asked and has not answered in time.

    `facts` say what is waited for, for machines (JSON types).
    """

    exit_code = 5

    def __init__(self, message: str, hint: str | None = None, facts: Mapping[str, object] | None = None) -> None:
        super().__init__(message, hint)
        self.facts = dict(facts or {})


class Interrupted(FairleadError):
    """The user pressed Ctrl-C; what had begun was undone, or is left to recovery, as the message says."""

    exit_code = 130
    kept: tuple[str, ...] = ()  #: what is not as before although the rollout was undone, in words


class NoSpace(FairleadError):
    """The disk is full; nothing was written."""


class Temporary(FairleadError):
    """Failed now, may succeed when tried again."""


class RolloutFailed(FairleadError):
    """A step of a rollout failed and the rollout was undone; the message is the reason."""

    kept: tuple[str, ...] = ()  #: what is not as before although the rollout was undone, in words
