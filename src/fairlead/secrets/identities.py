"""The keys of this user that open files of secrets: those that sops would use, and Fairlead's own.

sops looks in `SOPS_AGE_KEY`, in the file that `SOPS_AGE_KEY_FILE` names and in `sops/age/keys.txt` of the user's
configuration (its age/keysource.go). Fairlead's own file comes after these; nobody else may be able to read it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.system import clock
from fairlead.system.files import explained, write_file
from fairlead.system.lock import held_lock

if TYPE_CHECKING:
    import pyrage

KEY_NAME = "age.txt"
_PREFIX = "AGE-SECRET-KEY-1"


@dataclass(frozen=True, slots=True)
class Keys:
    """The identities that were found, and where was looked for them, for the message when none fits."""

    identities: tuple[pyrage.x25519.Identity, ...] = field(repr=False)
    looked: tuple[str, ...]

    @property
    def recipients(self) -> tuple[str, ...]:
        """The recipients that belong to them."""
        return tuple(dict.fromkeys(str(one.to_public()) for one in self.identities))

    def hint(self) -> str:
        """What to do when none of them opens a file."""
        where = ", ".join(self.looked)
        if not self.identities:
            return f"there is none in {where}; `fairlead secrets init` makes one, and who has access adds its recipient"
        mine = " or ".join(self.recipients[:3])
        return f"ask somebody who has access to run `fairlead secrets recipients add ENV {mine}` (looked in {where})"


def own_file(environ: Mapping[str, str] | None = None) -> Path:
    """Fairlead's own file of keys: below `$FAIRLEAD_HOME` when that is set, else in the user's configuration."""
    environ = os.environ if environ is None else environ
    if environ.get("FAIRLEAD_HOME"):
        return Path(environ["FAIRLEAD_HOME"]).expanduser().absolute() / KEY_NAME
    return _configuration(environ) / "fairlead" / KEY_NAME


def keys(environ: Mapping[str, str] | None = None) -> Keys:
    """All the keys of this user. FairleadError for a file that is no file of keys, or that others can read."""
    environ = os.environ if environ is None else environ
    found: list[pyrage.x25519.Identity] = []
    looked = []
    for where, text in _texts(environ):
        looked.append(where)
        found += _identities(text, where)
    return Keys(tuple(found), tuple(looked))


def keys_of(path: Path) -> tuple[pyrage.x25519.Identity, ...]:
    """Those of one file alone, and none of this user's. FairleadError when it holds none, or others can read it."""
    try:
        found = tuple(_identities(_private(path), str(path)))
    except OSError as error:
        raise FairleadError(f"{path}: the file of keys cannot be read: {error.strerror}", f"ls -l {path}") from None
    if not found:
        raise FairleadError(f"{path} holds no key of age", "one looks like AGE-SECRET-KEY-1…")
    return found


def ensure_own(environ: Mapping[str, str] | None = None) -> tuple[str, Path, bool]:
    """The recipient of Fairlead's own key, its file, and whether it was made now.

    FairleadError when it cannot be written or is readable by others.
    """
    import pyrage  # noqa: PLC0415 — only where a key is made

    path = own_file(environ)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise explained(error, path) from error
    with held_lock(path.with_name(f".{path.name}.lock"), str(os.getpid()), str(path), wait=10):
        if path.exists():
            there = _identities(_private(path), str(path))
            if there:
                return str(there[0].to_public()), path, False
        made = pyrage.x25519.Identity.generate()
        public = str(made.to_public())
        write_file(path, f"# created: {clock.stamp()}\n# public key: {public}\n{made}\n", 0o600)
    return public, path, True


def _configuration(environ: Mapping[str, str]) -> Path:
    given = environ.get("XDG_CONFIG_HOME")
    if given:
        return Path(given)
    return (Path(environ["HOME"]) if environ.get("HOME") else Path.home()) / ".config"


def _texts(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Where keys are looked for, with what is there."""
    yield "SOPS_AGE_KEY", environ.get("SOPS_AGE_KEY", "")
    given = environ.get("SOPS_AGE_KEY_FILE")
    if given:
        yield given, _read(Path(given), needed=True)
    usual = _configuration(environ) / "sops" / "age" / "keys.txt"
    yield str(usual), _read(usual)
    own = own_file(environ)
    yield str(own), _private(own) if own.exists() else ""


def _private(path: Path) -> str:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise FairleadError(f"{path} holds a key and can be read by others", f"chmod 600 {path}")
    return _read(path)


def _read(path: Path, needed: bool = False) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        if needed:
            raise FairleadError(f"{path}: no such file; SOPS_AGE_KEY_FILE names it", "mend or unset it") from None
        return ""
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise FairleadError(
            f"{path}: the file of keys cannot be read: {why}", f"look at it with `ls -l {path}`"
        ) from None


def _identities(text: str, where: str) -> list[pyrage.x25519.Identity]:
    import pyrage  # noqa: PLC0415

    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.startswith("-----BEGIN AGE"):
            what = f"{where} is protected by a passphrase, which Fairlead does not ask for"
            raise FairleadError(what, "put the key into SOPS_AGE_KEY for this command")
        try:
            if line.strip().startswith(_PREFIX):  # others belong to plugins, which only age knows
                found.append(pyrage.x25519.Identity.from_str(line.strip()))
        except pyrage.IdentityError:
            raise FairleadError(f"{where}:{number}: no key of age", "one looks like AGE-SECRET-KEY-1…") from None
    return found
