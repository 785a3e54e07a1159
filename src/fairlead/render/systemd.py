"""The unit that has systemd bring environments back when the machine starts.

What it may do is what everything has that it starts: instances too, where they are plain processes. So it takes away
only what no web application asks for, and nothing that Docker needs (a folder of the edge is setgid, sockets lie in
/tmp).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_NARROWED = (
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelTunables=yes",
    "RestrictRealtime=yes",
)
"""For the system's own alone: a user's manager cannot do it, or takes more away with it."""


@dataclass(frozen=True, slots=True)
class Boot:
    """What is to be done when a machine starts."""

    argv: Sequence[str]  #: the program by its absolute path
    home: Path  #: whose environments come back
    user: str = ""  #: a unit of the system, which runs as this one; empty: a unit of the user's own manager
    env: Mapping[str, str] | None = None  #: what the program has to know

    @property
    def wanted_by(self) -> str:
        """The target that starts it."""
        return "multi-user.target" if self.user else "default.target"


def unit(boot: Boot) -> str:
    """The file. ValueError where a value has what no unit can hold: an end of a line, a `$` in the program's path.

    Type=simple: one that is oneshot may be restarted from systemd 244 on, and an older one would not load it. Nobody
    waits for its end, so that is all the same.
    KillMode=process: what it starts goes on when the unit ends, also when one environment of several failed.
    OOMPolicy=continue: one instance that the kernel ends for its memory is no reason to end the others.
    """
    env = [f"Environment={quoted(f'{name}={value}')}" for name, value in sorted((boot.env or {}).items())]
    lines = (
        "# Written by `fairlead startup install`; `fairlead startup remove` takes it away.",
        "[Unit]",
        f"Description=Fairlead: bring back the environments of {_plain(str(boot.home))}",
        *_order(boot),
        "StartLimitIntervalSec=15min",
        "StartLimitBurst=5",
        "",
        "[Service]",
        "Type=simple",
        "RemainAfterExit=yes",
        *((f"User={boot.user}",) if boot.user else ()),
        *env,
        f"ExecStart={_command(boot.argv)}",
        "Restart=on-failure",
        "RestartSec=20s",
        "KillMode=process",
        "OOMPolicy=continue",
        "TasksMax=infinity",
        "LimitNOFILE=65536:524288",
        *(_NARROWED if boot.user else ()),
        "",
        "[Install]",
        f"WantedBy={boot.wanted_by}",
        "",
    )
    return "\n".join(lines)


def _order(boot: Boot) -> tuple[str, ...]:
    """Behind the network and the engine, where there is one. A user's manager knows nothing of either."""
    if not boot.user:
        return ()
    needs = ("Wants=network-online.target", "After=network-online.target docker.service containerd.service")
    return (*needs, f"RequiresMountsFor={quoted(str(boot.home))}")


def _command(argv: Sequence[str]) -> str:
    """`$$` is a `$` in an argument, but not in the path of a program."""
    if "$" in argv[0]:
        raise ValueError(f"no unit of systemd can start {argv[0]!r}")
    return " ".join(quoted(word.replace("$", "$$")) for word in argv)


def quoted(word: str) -> str:
    """As systemd reads it back: in quotes, and without its `%` specifiers. ValueError for an end of a line."""
    return f'"{_plain(word.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34)))}"'


def _plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"no unit of systemd can hold {text!r}")
    return text.replace("%", "%%")
