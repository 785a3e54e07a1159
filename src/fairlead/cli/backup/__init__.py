"""`fairlead backup`: a group that imports a command's module when that command is called."""

from __future__ import annotations

from fairlead.cli.lazy_group import lazy_group

#: Every command of the group, in the order of its help, with its summary: known without importing any of them.
VERBS = {
    "now": "Make a backup.",
    "list": "The backups that there are.",
    "verify": "Read backups whole, and say what is wrong.",
    "restore": "Put back stores and volumes together.",
    "pin": "Keep a backup, whatever `keep` says.",
    "unpin": "Keep a backup no longer than others.",
    "prune": "Remove backups that are no longer kept.",
    "adopt": "Go on with backups that another machine made.",
    "schedule": "Print when what is done, for cron or systemd.",
}


@lazy_group("backup", VERBS, "fairlead backup now production", "fairlead backup list production")
def command() -> None:
    """Make backups of an environment's stores and volumes, and look after them.

    What is copied, where to, and how long it is kept stands in the project file, under `backup` of a store or volume.
    One database is put back by `fairlead db restore`; all are tried by `fairlead db drill`.
    """
