"""The real `fairlead` command, run with `--json` and read line by line, as any other program would use it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fairlead.demo.sandbox import Sandbox
from fairlead.errors import FairleadError
from fairlead.system.commands import Outcome

NO_NETWORK = (
    "Could not find a version", "No matching distribution", "NewConnectionError", "NameResolutionError",
    "Temporary failure in name resolution", "ReadTimeoutError", "ProxyError",
)  # fmt: skip


class Killed(Exception):
    """Raised while a command's output is read, which ends the command with SIGKILL at that very moment."""


@dataclass
class Events:
    """The JSON lines of one command."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  #: what else it said
    kill_at: str = ""  #: the text of a step: when the command says that it is done, the command is killed

    def read(self, line: str) -> None:
        """One line of output. Killed when it is the one that was waited for."""
        try:
            document = json.loads(line)
        except ValueError:
            self.others.append(line)
            return
        self.documents.append(document)
        if self.kill_at and document.get("kind") == "done" and self.kill_at in document.get("text", ""):
            raise Killed

    def first(self, kind: str) -> dict[str, Any]:
        """The first document of a kind; empty when there is none."""
        return next((one for one in self.documents if one.get("kind") == kind), {})

    def at(self, kind: str) -> float:
        """When the first event of a kind happened, Unix time; 0 when none did."""
        stamp = self.first(kind).get("time")
        return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0

    @property
    def said(self) -> str:
        """Everything, for the search of a cause."""
        return "\n".join([*(str(one.get("text", "")) for one in self.documents), *self.others])


def deploy(sandbox: Sandbox, *options: str) -> Events:
    """Deploy what lies in the sandbox; FairleadError when that fails."""
    events = Events()
    outcome = sandbox.fairlead("deploy", sandbox.environment, "--json", *options, on_line=events.read)
    require(outcome, events)
    return events


def require(outcome: Outcome, events: Events) -> None:
    """FairleadError, in one line where the cause is known, when a command failed."""
    if outcome:
        return
    if not events.first("plan") and any(sign in events.said for sign in NO_NETWORK):
        what = "the demo's application needs uvicorn and websockets, and pip could not download them"
        raise FairleadError(what, "connect to the network, or tell pip of a mirror (PIP_INDEX_URL), and try again")
    error = events.first("result").get("error", {})
    raise FairleadError(error.get("message") or outcome.output[-2000:] or "the command failed", error.get("hint"))


def killed_deployment(sandbox: Sandbox, kill_at: str) -> Events:
    """Deploy, and send SIGKILL as soon as the step with that text is done; FairleadError when it never was."""
    events = Events(kill_at=kill_at)
    try:
        outcome = sandbox.fairlead("deploy", sandbox.environment, "--json", on_line=events.read)
    except Killed:
        return events
    require(outcome, events)
    raise FairleadError(f"the deployment ended before it said {kill_at!r}")
