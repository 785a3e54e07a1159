"""Releases: immutable versions of an environment. Same stack and same artifacts, same release."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError, UsageError
from fairlead.project.stack import Stack, from_data, to_data
from fairlead.system import clock
from fairlead.system.files import read_json, write_json

_SHOWN = 5  #: ids listed when one is not known


@dataclass(frozen=True, slots=True)
class Release:
    """One version. `artifacts` gives the digest for each service and job that has a source."""

    id: str  #: 12 hex digits, from stack and artifacts alone
    stack: Stack
    artifacts: dict[str, str]
    created: str  #: UTC, ISO 8601
    origin: dict[str, Any] = field(default_factory=dict)  #: who and what it came from, as `describe_origin` tells

    @classmethod
    def of(cls, stack: Stack, artifacts: dict[str, str], origin: dict[str, Any], created: str | None = None) -> Release:
        """A release of this content, created now unless told otherwise."""
        return cls(_identify(to_data(stack), artifacts), stack, dict(artifacts), created or clock.stamp(), dict(origin))


def _identify(stack: dict[str, Any], artifacts: dict[str, str]) -> str:
    content = json.dumps({"stack": stack, "artifacts": artifacts}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:12]


class ReleaseStore:
    """The releases of one environment, each a file `<id>.json` in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, release: Release) -> Release:
        """Keep a release, durably. When it is there already the first one stays, and is returned: it is immutable."""
        if release.id in self._ids():
            return self.load(release.id)
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"id": release.id, "created": release.created, "origin": release.origin}
        content |= {"artifacts": release.artifacts, "stack": to_data(release.stack)}
        write_json(self._path(release.id), content)
        return release

    def load(self, id: str) -> Release:
        """The release with that id, or whose id alone starts so.

        UsageError when there is none or several; FairleadError when its file was changed.
        """
        return self._read(self._resolve(id))

    def _resolve(self, id: str) -> str:
        known = self._ids()
        if id in known:
            return id
        found = [each for each in known if id and each.startswith(id)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"release {id}: several begin like this: {', '.join(found)}", "write more of the id")
        raise UsageError(f"release {id}: there is no such release", self._suggestion(id, known))

    def _suggestion(self, id: str, known: list[str]) -> str:
        near = difflib.get_close_matches(id, known, 1)
        if near:
            return f"did you mean {near[0]}?"
        newest = [release.id for release in self.all()]
        more = " …" if len(newest) > _SHOWN else ""
        return f"known releases: {', '.join(newest[:_SHOWN])}{more}" if newest else "nothing has been deployed yet"

    def all(self) -> tuple[Release, ...]:
        """Every release, the newest first."""
        found = [self._read(id) for id in self._ids()]
        return tuple(sorted(found, key=lambda release: (release.created, release.id), reverse=True))

    def remove(self, id: str) -> None:
        """Forget a release, given by its whole id; nothing happens when it is not there."""
        if id in self._ids():
            self._path(id).unlink(missing_ok=True)

    def prune(self, keep: int, protected: Collection[str]) -> tuple[str, ...]:
        """Remove all but the `keep` newest releases and the protected ones; returns the ids removed."""
        removed = [release.id for release in self.all()[max(keep, 0) :] if release.id not in protected]
        for id in removed:
            self.remove(id)
        return tuple(removed)

    def _read(self, id: str) -> Release:
        data = read_json(self._path(id))
        try:
            if _identify(data["stack"], data["artifacts"]) != id:
                raise ValueError("its content does not match its id")
            stack = from_data(Stack, data["stack"])
            return Release(id, stack, data["artifacts"], data["created"], data["origin"])
        except (KeyError, TypeError, ValueError) as error:
            raise FairleadError(
                f"{self._path(id)}: the release was changed or is damaged ({error})",
                "remove the file and deploy again, or restore it from a backup",
            ) from error

    def _ids(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("[!.]*.json"))

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}.json"
