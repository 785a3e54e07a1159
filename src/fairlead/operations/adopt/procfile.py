"""A Procfile: kinds of processes and their commands. Pure."""

from __future__ import annotations

import re
import shlex

_ENTRY = re.compile(r"^([A-Za-z0-9_-]+):[ \t]*(\S.*)$", re.M)
_SHELL = re.compile(r"[|&;<>()`*?#~]|\$\(|^[A-Za-z_]\w*=")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_DEFAULTED = re.compile(r"\$\{(?![A-Za-z_]\w*\})")  #: `${NAME:-x}` and all that only a shell knows
_TOOLS = frozenset({
    "python", "python3", "gunicorn", "uvicorn", "hypercorn", "daphne", "waitress-serve", "celery", "rq", "arq", "flask",
    "alembic", "dramatiq", "django-admin", "huey_consumer", "granian", "pip",
})  # fmt: skip
MOST = 50


def read(text: str) -> dict[str, str]:
    """The commands by kind; of a kind that is there twice the last one."""
    return {name: command.strip() for name, command in _ENTRY.findall(text)[:MOST]}


def command(line: str, virtual: bool, known: frozenset[str] = frozenset({"PORT"})) -> tuple[str, list[str]]:
    """The line as Fairlead runs it, without a shell where none is needed, and the variables it takes.

    `virtual` is whether tools of Python lie in `.venv`; `known` are the names that have a value there.
    """
    taken = [first or second for first, second in _VARIABLE.findall(line)]
    made = _VARIABLE.sub(lambda found: f"${{{found[1] or found[2]}}}", _DEFAULTED.sub("$${", line))
    if _SHELL.search(line) or _DEFAULTED.search(line):
        made = shlex.join(["sh", "-c", made])
    elif virtual:
        first, space, rest = made.partition(" ")
        made = f".venv/bin/{first}{space}{rest}" if first in _TOOLS else made
    return made, [name for name in dict.fromkeys(taken) if name not in known]
