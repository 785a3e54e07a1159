"""`fairlead secrets`: a group that imports a command's module when that command is called."""

from __future__ import annotations

from fairlead.cli.lazy_group import lazy_group

#: Every command of the group, in the order of its help, with its summary: known without importing any of them.
VERBS = {
    "init": "Begin: a key, a file, git's merge driver, and what Fairlead makes itself.",
    "set": "Keep a value, from a prompt, standard input or a file.",
    "get": "Print one value.",
    "list": "Which secrets there are and which have a value; never a value.",
    "edit": "Change all values of an environment in your editor.",
    "import": "Take over the values of a .env file.",
    "generate": "Make those that Fairlead makes and that have no value yet.",
    "check": "What is missing, weak, used twice, damaged or open to others.",
    "diff": "Which secrets differ between environments, or from a revision of git.",
    "recipients": "Who can open an environment's file: list, add, remove.",
    "rotate": "Change a secret while it is in use, without a lost request.",
    "due": "Which secrets are older than they may get.",
    "scan": "Find secrets in files, in what is staged, or in all of git's history.",
    "push": "Print the commands that copy secrets to GitHub, without their values.",
    "merge": "Merge two versions of a file by its values; git calls it.",
}


@lazy_group("secrets", VERBS, "fairlead secrets init production", "fairlead secrets check production")
def command() -> None:
    """Keep, change and look for what must stay secret.

    Which secrets there are stands in the project file, under `secrets` and `variables`. No command prints a value but
    `get`, and none takes one as an argument.
    """
