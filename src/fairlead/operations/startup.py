"""Whether the environments of this home come back when the machine starts, and how they do: by a unit of systemd.

Root's is one of the system. Another user's is of that user's own manager, which runs while nobody is logged in only
where logind was told to let it linger.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from fairlead.artifacts.origin import account
from fairlead.errors import FairleadError, Refused
from fairlead.operations.keeper import FAIRLEAD, engine_environment
from fairlead.render.systemd import Boot, unit
from fairlead.system.commands import Command, run
from fairlead.system.files import write_file
from fairlead.system.home import home, usual_home

BOOTED = "run/systemd/system"  #: there while systemd runs the machine (sd_booted(3))
SYSTEM = "etc/systemd/system"
LINGERING = "var/lib/systemd/linger"
PATIENCE = 60.0  #: seconds systemctl may take
INSTALL = "fairlead startup install"


@dataclass(frozen=True, slots=True)
class Startup:
    """How it stands."""

    path: str  #: of the unit
    text: str  #: what it is to say
    systemd: bool  #: whether systemd runs this machine
    written: bool  #: whether the unit is there, and does that for this home by this very program
    current: bool  #: whether it says that to the letter: PATH may be another one now
    enabled: bool  #: whether systemd starts it
    lingers: bool  #: whether the user's manager runs while nobody is logged in; of a unit of the system always

    @property
    def on(self) -> bool:
        """Whether environments come back."""
        return self.written and self.enabled and self.lingers

    @property
    def name(self) -> str:
        """Of the unit."""
        return Path(self.path).name


def startup(root: Path = Path("/")) -> Startup:
    """Look. `root` is the machine's; nothing is started for it."""
    boot, folder = wanted(), _folder(root)
    path, text = folder / _name(boot.home), unit(boot)
    link = folder / f"{boot.wanted_by}.wants" / path.name
    lingers = bool(boot.user) or (root / LINGERING / account()).exists()
    there = path.read_text(errors="replace") if path.is_file() else ""
    written = _essence(there) == _essence(text)
    return Startup(str(path), text, systemd(root), written, there == text, link.is_symlink(), lingers)


def _essence(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("ExecStart=", 'Environment="FAIRLEAD_HOME='))]


def systemd(root: Path = Path("/")) -> bool:
    """Whether it runs this machine."""
    return (root / BOOTED).is_dir()


def missing(root: Path = Path("/")) -> bool:
    """Whether a reboot would leave environments away: only where systemd runs, and has no unit of ours to start.

    Looks at two names, so that everybody can afford it.
    """
    folder, name = _folder(root), _name(home())
    targets = ("multi-user.target.wants", "default.target.wants")
    folders = (folder, root / SYSTEM)
    links = [one / target / name for one in folders for target in targets]
    return systemd(root) and not any(link.is_symlink() for link in links)


def wanted() -> Boot:
    """What the unit is to do. Refused where the home has a name that no unit can hold."""
    names = ("PATH", "LANG", "LC_ALL", "TZ")
    env = {name: os.environ[name] for name in names if name in os.environ} | engine_environment()
    env["FAIRLEAD_HOME"] = str(home())
    found = Boot((*FAIRLEAD, "up", "--all"), home(), "root" if os.geteuid() == 0 else "", env)
    try:
        unit(found)
    except ValueError as error:
        raise Refused(str(error), "set FAIRLEAD_HOME to a folder with an ordinary name") from error
    return found


def install(root: Path = Path("/")) -> Startup:
    """Have it: written and enabled. Nothing happens where it is so. Refused where systemd does not run the machine."""
    found = startup(root)
    if not found.systemd:
        hint = "have what starts it run `fairlead up --all`; `fairlead startup show --unit` prints the unit"
        raise Refused("systemd does not run this machine", hint)
    if not found.current:
        Path(found.path).parent.mkdir(parents=True, exist_ok=True)
        write_file(Path(found.path), found.text, 0o644)
        _systemctl("daemon-reload")
    if not found.enabled or not found.current:
        _systemctl("enable", found.name)
    return startup(root)


def remove(root: Path = Path("/")) -> bool:
    """Have no unit of this home; whether there was one. What runs goes on."""
    found = startup(root)
    path = Path(found.path)
    if not path.exists() and not found.enabled:
        return False
    if found.systemd:
        _systemctl("disable", found.name)
    path.unlink(missing_ok=True)
    if found.systemd:
        _systemctl("daemon-reload")
    return True


def _folder(root: Path) -> Path:
    if os.geteuid() == 0:
        return root / SYSTEM
    given = os.environ.get("XDG_CONFIG_HOME")
    return (Path(given) if given else Path.home() / ".config") / "systemd" / "user"


def _name(of: Path) -> str:
    """One for each home of a machine: that of another is never written over."""
    mark = "" if of == usual_home() else f"-{hashlib.sha256(str(of).encode()).hexdigest()[:8]}"
    return f"fairlead{mark}.service"


def _systemctl(*words: str) -> None:
    program = shutil.which("systemctl")
    if program is None:
        raise FairleadError("there is no systemctl on PATH", "add the folder that has it")
    argv = (program, *(() if os.geteuid() == 0 else ("--user",)), *words)
    run(Command(argv, timeout=PATIENCE)).require("systemd did not take the unit")
