"""`fairlead stores`: a group that imports a command's module when that command is called."""

from __future__ import annotations

from fairlead.cli.lazy_group import lazy_group

#: Every command of the group, in the order of its help, with its summary: known without importing any of them.
VERBS = {
    "apply": "Make stores as they are declared now.",
    "logs": "What a store writes.",
}


@lazy_group("stores", VERBS, "fairlead stores apply production --plan", "fairlead stores logs production db")
def command() -> None:
    """Change the stores of an environment, and look at what they write.

    What they are stands in the project file, under `stores`. A deployment makes those that are missing and leaves the
    others alone; how they are is shown by `fairlead status`.
    """
