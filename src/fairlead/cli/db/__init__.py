"""`fairlead db`: a group that imports a command's module when that command is called."""

from __future__ import annotations

from fairlead.cli.lazy_group import lazy_group

#: Every command of the group, in the order of its help, with its summary: known without importing any of them.
VERBS = {
    "status": "Which versions are applied, and what is pending.",
    "plan": "What migrate would do, and what is risky in it.",
    "lint": "What in the files may hurt, without a database.",
    "dry-run": "The statements that migrate would send, with their locks.",
    "migrate": "Run what is pending.",
    "rehearse": "Run what is pending on a copy: locks, rewrites, times, queries.",
    "prove": "Whether what is pending can be taken back, tried on a copy.",
    "undo": "Take back the last version, by its U file.",
    "validate": "Whether files and history agree.",
    "repair": "Make the history agree with the files.",
    "baseline": "Begin a history for a database that has tables already.",
    "adopt": "Take over a history that Flyway made.",
    "takeover": "Show who holds the lock of migrators, and end that.",
    "connections": "Who has how many connections now, and leaks.",
    "tuning": "How PostgreSQL is set up for its machine, and why.",
    "roles": "Have roles, rights and policies as they are declared.",
    "isolation": "Log in as every role and try what it must not do.",
    "restore": "Put back a backup, and say what is lost.",
    "drill": "Restore a backup into a copy, check and time it.",
}


@lazy_group("db", VERBS, "fairlead db status production", "fairlead db migrate production")
def command() -> None:
    """Look at the databases of an environment and move their schemas.

    Where a database is, and where its migrations are, stands in the project file, under `stores`.
    """
