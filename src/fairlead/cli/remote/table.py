"""Every command that acts on an environment: which run where the environment runs, which run here. The one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A command that runs on the environment's host. What it says is shown here, and its exit code is ours."""

    tree: bool = False  #: it needs what the project's folder holds
    lasting: bool = False  #: it changes something: no end of a connection ends it
    changes: str = ""  #: the switch with which alone it changes something
    asks: str = ""  #: what is asked before, on a terminal, when it changes something
    names: tuple[str, ...] = ()  #: parameters for a file of which the name alone is enough there
    each: bool = False  #: without an environment it is for all of them
    handed: bool = False  #: it may be given a value of a secret
    here: tuple[str, ...] = ()  #: parameters for what this machine keeps: of no use there
    all_here: str = ""  #: the switch with which it is for all of this machine, whatever the project file says

    def acts(self, arguments: Mapping[str, object]) -> bool:
        """Whether it changes something, given these arguments."""
        if not self.lasting or True in (arguments.get("only_plan"), arguments.get("plan")):
            return False
        return not self.changes or arguments.get(self.changes) is True


REMOTE: dict[Words, Row] = {
    ("deploy",): Row(tree=True, lasting=True, here=("init_secrets",)),
    ("promote",): Row(tree=True, lasting=True),
    ("rollback",): Row(lasting=True),
    ("approve",): Row(lasting=True),
    ("abort",): Row(lasting=True),
    ("pause",): Row(lasting=True),
    ("resume",): Row(lasting=True),
    ("push",): Row(tree=True, lasting=True),
    ("up",): Row(lasting=True, here=("everything",), all_here="everything"),
    ("stop",): Row(lasting=True, asks="Stop everything in {environment}? It answers nobody until `fairlead up`."),
    ("status",): Row(each=True),
    ("history",): Row(),
    ("releases",): Row(),
    ("logs",): Row(),
    ("verdict",): Row(tree=True, names=("replay",)),
    ("doctor",): Row(tree=True, each=True),
    ("ps",): Row(),
    ("ports",): Row(),
    ("drift",): Row(
        lasting=True, changes="fix", asks="Mend what differs in {environment}? (without --fix it is shown)"
    ),
    ("prune",): Row(lasting=True, asks="Remove what {environment} does not need? (--plan shows it)"),
    ("edge", "test"): Row(),
    ("certs", "ca"): Row(),
    ("certs", "list"): Row(),
    ("certs", "renew"): Row(tree=True, lasting=True),
    ("stores", "apply"): Row(
        tree=True, lasting=True, asks="Make the stores of {environment} as they are declared now?"
    ),
    ("stores", "logs"): Row(),
    ("ledger", "show"): Row(),
    ("ledger", "verify"): Row(),
    ("notify", "test"): Row(tree=True),
    ("notify", "log"): Row(),
    ("secrets", "rotate"): Row(tree=True, lasting=True, handed=True),
    ("secrets", "due"): Row(tree=True),
    ("db", "status"): Row(tree=True),
    ("db", "plan"): Row(tree=True),
    ("db", "dry-run"): Row(tree=True),
    ("db", "validate"): Row(tree=True),
    ("db", "migrate"): Row(tree=True, lasting=True),
    ("db", "prove"): Row(tree=True, lasting=True),
    ("db", "rehearse"): Row(tree=True, lasting=True),
    ("db", "undo"): Row(tree=True, lasting=True, asks="Take back the last version of {environment}'s databases?"),
    ("db", "repair"): Row(tree=True, lasting=True, asks="Change the history of {environment}'s databases?"),
    ("db", "baseline"): Row(tree=True, lasting=True),
    ("db", "adopt"): Row(tree=True, lasting=True),
    ("db", "tuning"): Row(tree=True),
    ("db", "connections"): Row(tree=True),
    ("db", "takeover"): Row(tree=True, asks="End whoever holds the lock of migrators in {environment}?"),
    ("db", "isolation"): Row(tree=True),
    ("db", "roles"): Row(tree=True, lasting=True, asks="Change roles and rights in {environment}'s databases?"),
    ("db", "restore"): Row(
        tree=True, lasting=True, asks="Restore a backup in {environment}? What was written since is put aside."
    ),
    ("db", "drill"): Row(tree=True, lasting=True),
    ("backup", "now"): Row(tree=True, lasting=True),
    ("backup", "list"): Row(tree=True),
    ("backup", "verify"): Row(tree=True, lasting=True),
    ("backup", "restore"): Row(
        tree=True, lasting=True, asks="Restore backups in {environment}? What was written since is put aside."
    ),
    ("backup", "prune"): Row(
        tree=True, lasting=True, asks="Remove backups of {environment} that no tier keeps? (--plan shows them)"
    ),
    ("backup", "pin"): Row(tree=True),
    ("backup", "unpin"): Row(tree=True),
    ("backup", "adopt"): Row(tree=True, asks="Have {environment}'s machine make the backups from now on?"),
    ("backup", "schedule"): Row(tree=True),
}

ON_HOST: frozenset[Words] = frozenset({("exec",), ("shell",)})
"""Commands that run on this terminal, by a login on the host: a key that may only deploy cannot have them."""

LOCAL: dict[Words, str] = {
    ("init",): "it writes the project file",
    ("demo",): "it has an environment of its own",
    ("dev",): "it runs what is being edited here",
    ("build",): "it builds for any machine, as a CI job does; deploy builds on the host",
    ("test",): "the tests are run where the code is written",
    ("render",): "it writes beside the project file",
    ("env",): "it looks at the project's files",
    ("schema",): "it needs no environment",
    ("completion",): "it needs no environment",
    ("startup",): "it is for the machine that it is called on, and all that runs there",
    ("serve",): "the keeper is started on the host itself",
    ("serve-ssh",): "it is the host's side",
    ("host",): "it talks with the host by itself",
    ("attach",): "it talks with the host by itself",
    ("db", "lint"): "it looks at files alone",
    ("secrets",): "but for the two above, they change and read the file in the project's folder",
}


def row_of(words: Words) -> Row | None:
    """Of a command, by its words behind `fairlead`; None for one that runs here."""
    return REMOTE.get(words)


def named(text: str) -> str | None:
    """The command that somebody means by `db status` or, where no blank can stand, `db-status`; None for none."""
    return next((" ".join(words) for words in REMOTE if text in (" ".join(words), "-".join(words))), None)


def known(words: Words) -> bool:
    """Whether it was decided where a command runs."""
    return words in REMOTE or words in ON_HOST or any(words[:count] in LOCAL for count in range(1, len(words) + 1))
