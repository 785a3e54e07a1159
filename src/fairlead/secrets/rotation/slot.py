"""A secret while it is rotated: its two values and what state each is in. In a file that only this user reads.

SECRETS/.rotation/NAME.json. It is there from the first step to the last; what services are handed meanwhile comes from
here, not from the back end, so that a deployment in between changes nothing of the rotation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from fairlead.masking import Secret
from fairlead.secrets.folder import make_private
from fairlead.system.files import read_json, sync_folder, write_json

FOLDER = ".rotation"

#: prepared: made, nobody knows it · staged: accepted, or announced · live: services use it
#: draining: still accepted, nobody new uses it · retired: accepted no more
State = Literal["prepared", "staged", "live", "draining", "retired"]


@dataclass(frozen=True, slots=True)
class Version:
    """One value of the secret."""

    fingerprint: str
    state: State
    value: Secret = field(repr=False)

    def becomes(self, state: State) -> Version:
        """The same value in another state."""
        return replace(self, state=state)


@dataclass(frozen=True, slots=True)
class Slot:
    """A secret under rotation."""

    name: str
    old: Version
    new: Version
    admin: Secret | None = field(default=None, repr=False)  #: what the server's administrator logs in with

    @property
    def live(self) -> Version:
        """The one that services use."""
        return self.new if self.new.state == "live" else self.old

    def counting(self) -> tuple[Secret, ...]:
        """The values that verifiers know, the one that signs first."""
        other = self.old if self.live is self.new else self.new
        return (self.live.value, *([other.value] if other.state in ("staged", "draining") else []))

    def states(self) -> dict[str, str]:
        """By fingerprint, as the ledger has it."""
        return {one.fingerprint: one.state for one in (self.old, self.new)}

    def moved(self, old: State, new: State) -> Slot:
        """With both in these states."""
        return replace(self, old=self.old.becomes(old), new=self.new.becomes(new))


def save(secrets: Path, slot: Slot) -> None:
    """Keep it, durably, whole or not at all."""
    make_private(secrets)
    make_private(secrets / FOLDER)
    data = {"name": slot.name, "old": _data(slot.old), "new": _data(slot.new)}
    write_json(_path(secrets, slot.name), data | {"admin": slot.admin.reveal() if slot.admin else None}, 0o600)


def load(secrets: Path, name: str) -> Slot | None:
    """The slot of that secret; None while it is not rotated. FairleadError when the file is damaged."""
    data = read_json(_path(secrets, name))
    if data is None:
        return None
    admin = Secret(data["admin"]) if data["admin"] is not None else None
    return Slot(data["name"], _version(data["old"]), _version(data["new"]), admin)


def forget(secrets: Path, name: str) -> None:
    """Remove it; nothing happens when it is not there."""
    path = _path(secrets, name)
    if path.exists():
        path.unlink()
        sync_folder(path.parent)


def slots(secrets: Path) -> dict[str, Slot]:
    """All that are rotated now, by name."""
    folder = secrets / FOLDER
    names = sorted(path.stem for path in folder.glob("[!.]*.json")) if folder.is_dir() else []
    return {name: slot for name in names if (slot := load(secrets, name)) is not None}


def _path(secrets: Path, name: str) -> Path:
    return secrets / FOLDER / f"{name}.json"


def _data(version: Version) -> dict[str, Any]:
    return {"fingerprint": version.fingerprint, "state": version.state, "value": version.value.reveal()}


def _version(data: dict[str, Any]) -> Version:
    return Version(data["fingerprint"], data["state"], Secret(data["value"]))
