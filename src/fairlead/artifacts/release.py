"""Releases: immutable versions of an environment. Same stack, artifacts, files and secrets, same release."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError, UsageError
from fairlead.project.stack import Stack, from_data, to_data
from fairlead.system import clock
from fairlead.system.files import write_file, write_json

IMAGE = "sha256:"  #: how the id of an image begins, and that of no source tree
_ENDS = ("json", "copy")  #: of the two files of a release
_NAME = re.compile(r"[^./\0][^/\0]{0,200}")  #: what can be an id: the name of a file that is not hidden
_SHOWN = 5  #: ids listed when one is not known


def is_image(artifact: str) -> bool:
    """Whether an artifact is an image; else it is a source tree."""
    return artifact.startswith(IMAGE)


class Unreadable(FairleadError):
    """The file of a release is not what Fairlead wrote, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Release:
    """One version. `artifacts` gives, for each service and job, the digest of its tree or the id of its image.

    `images` says where those images are to be had. It is no part of what the release is: an image that is pushed to a
    registry later on is the same image.
    """

    id: str  #: 12 hex digits, from stack, artifacts, files and versions of secrets alone
    stack: Stack
    artifacts: dict[str, str]
    created: str  #: UTC, ISO 8601
    origin: dict[str, Any] = field(default_factory=dict)  #: who and what it came from, as `describe_origin` tells
    machine: dict[str, Any] = field(default_factory=dict)  #: `python` and `env` that its instances are started with
    secrets: dict[str, str] = field(default_factory=dict)  #: the version of each secret that is handed over, by name
    files: dict[str, str] = field(default_factory=dict)  #: SHA-256 of each file that was made of a template, by path
    images: dict[str, str] = field(default_factory=dict)  #: by name too: what its image is called, with its digest
    migrations: dict[str, str] = field(default_factory=dict)  #: SHA-256 of each file that moves a schema, by path

    @classmethod
    def of(
        cls,
        stack: Stack,
        artifacts: dict[str, str],
        origin: dict[str, Any],
        created: str | None = None,
        machine: dict[str, Any] | None = None,
        secrets: dict[str, str] | None = None,
        images: dict[str, str] | None = None,
    ) -> Release:
        """A release of this content, created now unless told otherwise. To tell others of it makes no other release."""
        stack = replace(stack, notify=())
        versions = dict(secrets or {})
        id = _identify(to_data(stack), artifacts, versions, {}, {})
        facts = (created or clock.stamp(), dict(origin), dict(machine or {}))
        return cls(id, stack, dict(artifacts), *facts, versions, images=dict(images or {}))

    def with_secrets(self, versions: dict[str, str]) -> Release:
        """The release of the same artifacts that is handed these versions."""
        return replace(self, secrets=dict(versions))._named()

    def with_files(self, files: dict[str, str]) -> Release:
        """The release of the same artifacts that has these files, by their SHA-256."""
        return replace(self, files=dict(files))._named()

    def with_migrations(self, migrations: dict[str, str]) -> Release:
        """The release of the same artifacts whose schema is moved by these files, by their SHA-256."""
        return replace(self, migrations=dict(migrations))._named()

    def _named(self) -> Release:
        content = (to_data(self.stack), self.artifacts, self.secrets, self.files, self.migrations)
        return replace(self, id=_identify(*content))

    def pinned(self) -> dict[str, str]:
        """What each of its images is called, by id."""
        return {id: self.images.get(name, "") for name, id in self.artifacts.items() if is_image(id)}


def _identify(
    stack: dict[str, Any], artifacts: dict[str, str], secrets: dict[str, str], files: dict[str, str],
    migrations: dict[str, str],
) -> str:  # fmt: skip
    """Without secrets, files and migrations the id is the one that releases had before there were any."""
    parts: dict[str, Any] = {"stack": stack, "artifacts": artifacts}
    parts |= {"secrets": secrets} if secrets else {}
    parts |= {"files": files} if files else {}
    parts |= {"migrations": migrations} if migrations else {}
    content = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _renewed(first: Release, release: Release, renew: bool) -> Release:
    """The release that is kept, with what may change of it."""
    pinned = {name: image for name, image in release.images.items() if "@" in image}
    machine = release.machine if renew else first.machine
    return replace(first, machine=machine, images=first.images | pinned)


@lru_cache(maxsize=64)
def _release(text: str, id: str) -> Release:
    """What a file says. A rollout reads the same releases again and again, so what a text means is remembered."""
    data = json.loads(text)
    versions, files = data.get("secrets", {}), data.get("files", {})  # an earlier Fairlead wrote none
    moves = data.get("migrations", {})
    if _identify(data["stack"], data["artifacts"], versions, files, moves) != id:
        raise ValueError("its content does not match its id")
    stack, facts = from_data(Stack, data["stack"]), (data["created"], data["origin"], data.get("machine", {}))
    return Release(id, stack, data["artifacts"], *facts, versions, files, data.get("images", {}), moves)


class ReleaseStore:
    """The releases of one environment, each a file `<id>.json` in `folder`, and a copy of it.

    Without the file of the live release nobody knows its routes, and users would lose them as soon as the edge is told
    of anything new. So it is kept twice, and one that is damaged or gone is put back from the other.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, release: Release, renew: bool = False) -> Release:
        """Keep a release, durably. When it is there already the first one stays, and is returned: it is immutable.

        What is damaged is written anew. `renew`: it takes the machine's facts of the one that is saved, for a
        release that is not live, so that a PATH that was wrong the first time can be mended. Where its images are to
        be had is learned as it becomes known.
        """
        first = self.load_or_none(release.id)
        kept = _renewed(first, release, renew) if first else release
        if first is not None and kept == first:
            self._even(first.id)
            return first
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"id": kept.id, "created": kept.created, "origin": kept.origin, "machine": kept.machine}
        content |= {
            "artifacts": kept.artifacts,
            "secrets": kept.secrets,
            "files": kept.files,
            "images": kept.images,
            "migrations": kept.migrations,
            "stack": to_data(kept.stack),
        }
        for path in (self._copy(kept.id), self._path(kept.id)):
            write_json(path, content)
        return kept

    def _even(self, id: str) -> None:
        """Put back what is damaged from the other, byte for byte: a newer Fairlead may have written more."""
        file, copy = self._path(id), self._copy(id)
        for path, other in ((file, copy), (copy, file)):
            if self._at(path, id) is None:
                write_file(path, other.read_bytes())

    def load(self, id: str) -> Release:
        """The release with that id, or whose id alone starts so.

        UsageError when there is none or several; Unreadable when its file was changed.
        """
        return self._read(self._resolve(id))

    def load_or_none(self, id: str) -> Release | None:
        """The release with that whole id; None when its file is not there or cannot be read."""
        try:
            return self._read(id) if self._is_there(id) else None
        except Unreadable:
            return None

    def _resolve(self, id: str) -> str:
        known = self.ids()
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
        return f"known releases: {', '.join(newest[:_SHOWN])}{more}" if newest else "deploy one first"

    def all(self) -> tuple[Release, ...]:
        """Every release that can be read, the newest first."""
        found = [release for id in self.ids() if (release := self.load_or_none(id)) is not None]
        return tuple(sorted(found, key=lambda release: (release.created, release.id), reverse=True))

    def unreadable(self) -> tuple[str, ...]:
        """The ids of those whose files cannot be read: nobody knows what they use."""
        return tuple(id for id in self.ids() if self.load_or_none(id) is None)

    def remove(self, id: str) -> None:
        """Forget a release, given by its whole id; nothing happens when it is not there."""
        if self._is_there(id):
            self._copy(id).unlink(missing_ok=True)
            self._path(id).unlink(missing_ok=True)

    def keep_only(self, wanted: Collection[str]) -> tuple[str, ...]:
        """Remove all others, those that cannot be read too; returns their ids."""
        removed = tuple(id for id in self.ids() if id not in wanted)
        for id in removed:
            self.remove(id)
        return removed

    def _read(self, id: str) -> Release:
        try:
            return self._parsed(self._path(id), id)
        except Unreadable:
            spare = self._at(self._copy(id), id)
            if spare is None:
                raise
        with contextlib.suppress(OSError, FairleadError):  # a full disk, or a reader that may not write
            self._even(id)
        return spare

    def _at(self, path: Path, id: str) -> Release | None:
        try:
            return self._parsed(path, id)
        except Unreadable:
            return None

    def _parsed(self, path: Path, id: str) -> Release:
        try:
            return _release(path.read_text(), id)
        except (AttributeError, KeyError, TypeError, ValueError, OSError) as error:
            raise Unreadable(
                f"{path}: the release was changed or is damaged ({error})",
                "deploy what it was made from again, which writes the file anew, or restore it from a backup",
            ) from error

    def ids(self) -> list[str]:
        """Of every release there is a file of."""
        try:
            names = os.listdir(self.folder)  # noqa: PTH208 - asked again and again: names cost less than paths
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return []
        parts = (name.rpartition(".") for name in names)
        return sorted({id for id, _, end in parts if end in _ENDS and id and not id.startswith(".")})

    def _is_there(self, id: str) -> bool:
        """Whether it is one of `ids`, without looking for the others."""
        return bool(_NAME.fullmatch(id)) and (self._path(id).exists() or self._copy(id).exists())

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}.json"

    def _copy(self, id: str) -> Path:
        return self.folder / f"{id}.copy"
