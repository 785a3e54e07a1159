"""Have the same Fairlead on a host as here: in a virtual environment of its own, over the SSH that deploys use.

The scripts are POSIX shell in one single-quoted word, so that any login shell hands them on as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from fairlead import __version__
from fairlead.errors import FairleadError, Refused
from fairlead.hosts.base import Channel, ConnectionLost, Host
from fairlead.hosts.wire import Ended, Malformed, decode
from fairlead.operations.remote.client import Failed
from fairlead.operations.remote.wheel import Wheel, wheel
from fairlead.project.extras import ALWAYS

FOLDER = ".local/share/fairlead"  #: below the user's home
LINK = ".local/bin/fairlead"
DONE = "fairlead-done"
STARTS = "have what is deployed there come back when it starts: `fairlead startup install`"
PROBE = f"""
for p in python3.14 python3.13 python3.12 python3.11 python3; do
  if command -v $p >/dev/null && $p -c "import sys; sys.exit(sys.version_info < (3, 11))"; then
    echo "python $(command -v $p)"; $p -c "import venv, ensurepip" 2>/dev/null && echo "venv yes"; break
  fi
done
v="$HOME/{FOLDER}/venv"
echo "home $HOME"
if [ -x "$v/bin/fairlead" ]; then echo "version $("$v/bin/fairlead" --version 2>/dev/null)"; fi
if [ -f "$v/wheel" ]; then echo "wheel $(cat "$v/wheel")"; fi
if [ -d /run/systemd/system ]; then echo "systemd yes"; fi
if "$v/bin/fairlead" startup show --json 2>/dev/null | grep -q ".on.: true"; then echo "startup yes"; fi
echo {DONE} 0
"""
STARTUP = f"""
"$HOME/{FOLDER}/venv/bin/fairlead" startup install 2>&1
echo {DONE} $?
"""
INSTALL = """
f="$HOME/{folder}"; v="$f/venv"
mkdir -p "$f" "$HOME/.local/bin" && d=$(mktemp -d "$f/new.XXXXXX") && w="$d/{name}" && head -c {size} > "$w" &&
if [ -x "$v/bin/python" ]; then :; else {python} -m venv "$v"; fi &&
rm -f "$v/wheel" &&
"$v/bin/python" -m pip install --progress-bar off "$w[{extras}]" 2>&1 &&
"$v/bin/python" -m pip install --progress-bar off --no-deps --force-reinstall "$w" 2>&1 &&
echo {wheel} > "$v/wheel" && ln -sf "$v/bin/fairlead" "$HOME/{link}"
c=$?
rm -rf "$d"
echo {done} $c
"""

OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What there is on the host."""

    home: str
    python: str | None
    venv: bool  #: that Python can make virtual environments
    version: str | None
    wheel: str | None
    systemd: bool = False  #: it runs that machine
    startup: bool = False  #: what is deployed there comes back when it starts


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done. `steps` is empty when it is there already."""

    where: str
    version: str
    program: str  #: where it is, or will be
    steps: tuple[str, ...]
    note: str = ""  #: what is left for somebody else to do


def plan(host: Host, extras: tuple[str, ...] = ALWAYS) -> Plan:
    """Look at the host. Refused when it has no Python that will do."""
    return _planned(host, _look(host), wheel(), extras)


def install(host: Host, extras: tuple[str, ...] = ALWAYS, on_line: OnLine = lambda line: None) -> Plan:
    """Have it there; nothing happens when it is there already. What was done. FairleadError with what pip said."""
    found, made = _look(host), wheel()
    planned = _planned(host, found, made, extras)
    if not _is_there(found, made, extras):
        script = INSTALL.format(
            folder=FOLDER, name=made.name, size=len(made.content), python=found.python, extras=",".join(extras),
            wheel=_mark(made, extras), link=LINK, done=DONE,
        )  # fmt: skip
        said: list[str] = []
        for line in _run(host, script, made.content):
            said.append(line)
            on_line(line)
        _require(host, said)
    return replace(planned, note=_have_startup(host)) if found.systemd and not found.startup else planned


def _have_startup(host: Host) -> str:
    """Have what is deployed there come back when it starts; what it says where that is not all.

    It is no reason to fail: a user's systemd may be out of reach of a login.
    """
    said = list(_run(host, STARTUP))
    hints = [line for line in said[:-1] if line.startswith("hint: ")]
    if said and said[-1] == f"{DONE} 0":
        return hints[-1].removeprefix("hint: ") if hints else ""
    why = "; ".join(line.strip() for line in said[:-1][-3:])
    return (
        f"what is deployed there stays away when it starts anew, until `fairlead startup install` is run there: {why}"
    )


def _is_there(found: Found, made: Wheel, extras: tuple[str, ...]) -> bool:
    return found.wheel == _mark(made, extras) and found.version == f"fairlead {__version__}"


def _require(host: Host, said: list[str]) -> None:
    last = said[-1] if said else ""
    if last != f"{DONE} 0":
        tail = "\n".join(f"  {line}" for line in said[:-1][-12:])
        what = f"Fairlead could not be installed on {host.where}" + (f"\n{tail}" if tail else "")
        raise FairleadError(what, "mend what it says, then run the command again: it goes on where it was")


def _planned(host: Host, found: Found, made: Wheel, extras: tuple[str, ...]) -> Plan:
    if found.python is None:
        raise Refused(f"{host.where} has no Python 3.11 or later", "install one there (Debian 12: apt install python3)")
    if not found.venv:
        what = f"Python on {host.where} makes no virtual environments"
        raise Refused(what, "install its venv module there (Debian: apt install python3-venv)")
    program = f"{found.home}/{FOLDER}/venv/bin/fairlead"
    startup = (STARTS,) if found.systemd and not found.startup else ()
    if _is_there(found, made, extras):
        return Plan(host.where, __version__, program, startup)
    before = f" in place of {found.version.removeprefix('fairlead ')}" if found.version else ""
    steps = (
        f"make a virtual environment in {found.home}/{FOLDER}/venv with {found.python}, unless there is one",
        f"send {made.name}, {len(made.content) // 1024} KiB, made of the Fairlead that runs here",
        f"install it with [{','.join(extras)}]{before}; what it needs comes from the package index of that host",
        f"link {found.home}/{LINK} to it",
        *startup,
    )
    return Plan(host.where, __version__, program, steps)


def _mark(made: Wheel, extras: tuple[str, ...]) -> str:
    return f"{made.digest[:32]}-{'-'.join(extras)}"


def _look(host: Host) -> Found:
    said = dict(line.partition(" ")[::2] for line in _run(host, PROBE))
    if DONE not in said:
        raise FairleadError(f"{host.where} runs no commands of ours", "its login shell has to be one")
    return Found(
        said.get("home", ""), said.get("python"), "venv" in said, said.get("version"), said.get("wheel"),
        "systemd" in said, "startup" in said,
    )  # fmt: skip


def _run(host: Host, script: str, data: bytes = b"") -> Iterator[str]:
    """Run a script there, with `data` on its standard input; each line it says."""
    if "'" in script:
        raise AssertionError("it goes in single quotes")
    channel = host.call(f"exec sh -c '{script.strip()}'")
    try:
        if data:
            channel.wire.send_raw(data)
        yield from _lines(host, channel)
    except Ended:
        raise channel.failure(begun=False) from None
    finally:
        channel.close()


def _lines(host: Host, channel: Channel) -> Iterator[str]:
    heard = False
    while True:
        try:
            line = channel.wire.line().decode(errors="replace").rstrip("\r")
        except Ended:
            if heard:
                raise ConnectionLost(f"the connection to {host.where} is lost", "run the command again") from None
            raise
        heard = True
        _check_refusal(line)
        yield line
        if re.fullmatch(rf"{DONE} \d+", line):
            return


def _check_refusal(line: str) -> None:
    """A key that runs fairlead alone answers in frames."""
    if line.startswith('{"frame":"error"'):
        try:
            said = decode(line.encode())
        except Malformed:
            return
        raise Failed(dict(said["error"]))
