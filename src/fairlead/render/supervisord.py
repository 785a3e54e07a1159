"""supervisord's configuration, its main file and one file per program."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Program:
    """One `[program:x]`. None of Fairlead's starts by itself: after a crash it first looks who still lives."""

    name: str
    argv: tuple[str, ...]
    signal: str = "SIGTERM"
    grace: float = 10.0  #: from the signal to SIGKILL of the process group, seconds
    restart: bool = True
    start_seconds: int = 1  #: a program that ends sooner counts as not started
    retries: int = 10  #: failed starts in a row, each a second later than the one before, until supervisord gives up
    priority: int = 999  #: lower ones are stopped later
    directory: str = ""  #: in which it is started; empty: supervisord's own
    comments: tuple[str, ...] = ()  #: lines for a person, before everything else
    autostart: bool = False


_ASKED = ("[rpcinterface:fairlead]", "supervisor.rpcinterface_factory = fairlead.supervisor.rpc:make")


def main_file(socket: Path, root: bool, asked: bool = False) -> str:
    """`supervisord.conf` for a supervisord that is started in its own folder, with its programs in `programs`.

    `asked`: Fairlead asks it, and is installed where it runs.

    Names are relative to that folder because supervisord takes a blank in a path for the end of it, and ` #` and ` ;`
    for a comment.
    """
    return "\n".join(
        (
            "[unix_http_server]",
            f"file = {_escaped(socket)}",
            "chmod = 0700",
            "[supervisord]",
            "logfile = supervisord.log",
            "logfile_maxbytes = 1MB",
            "logfile_backups = 2",
            "pidfile = supervisord.pid",
            "childlogdir = .",
            "minfds = 1024",
            "umask = 022",
            *(("user = root",) if root else ()),  # says that running as root is meant
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
            *(_ASKED if asked else ()),
            "[include]",
            "files = programs/*.conf",
            "",
        )
    )


def program_file(program: Program) -> str:
    """`NAME.conf`."""
    return "\n".join(
        (
            *(f"; {line}" for line in program.comments),
            f"[program:{program.name}]",
            "command = " + " ".join(_quoted(item) for item in program.argv),
            *((f"directory = {program.directory.replace('%', '%%')}",) if program.directory else ()),
            f"autostart = {str(program.autostart).lower()}",
            f"autorestart = {str(program.restart).lower()}",
            f"startsecs = {program.start_seconds}",
            f"startretries = {program.retries if program.restart else 0}",
            "exitcodes = 0",
            f"stopsignal = {program.signal.removeprefix('SIG')}",
            f"stopwaitsecs = {max(1, round(program.grace))}",
            "stopasgroup = true",
            "killasgroup = true",
            f"priority = {program.priority}",
            "stdout_logfile = NONE",
            "stderr_logfile = NONE",
            "",
        )
    )


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def _quoted(item: str) -> str:
    """An argument as supervisord's shlex reads it; `%` starts an expansion there.

    `;` and `#` start a comment after a blank, in quotes too, so the quotes end and begin again between the two.
    """
    quoted = '"' + item.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'
    return re.sub(r"(\s)([;#])", r'\1""\2', quoted)
