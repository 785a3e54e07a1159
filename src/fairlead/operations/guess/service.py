"""A service as it was guessed, and what the guess rests on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SKIPPED = frozenset(
    ("node_modules", "venv", "env", "site-packages", "__pycache__", "tests", "test", "docs", "build", "dist")
)
DEPTH = 3  #: folders below the project's that are looked into
MOST = 400  #: files looked at
HEALTH = ("/health/ready", "/health", "/healthz", "/readyz", "/ready", "/livez", "/status", "/ping")


@dataclass(frozen=True, slots=True)
class Guess:
    """One web service."""

    command: str
    prepare: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    health: str | None = None
    ignored: tuple[str, ...] = ()  #: what should not be part of a release
    test: str | None = None
    because: tuple[str, ...] = field(default=())  #: what it rests on, for the person to check
    env: dict[str, str] = field(default_factory=dict)
    port: int = 8000  #: in a container
    also: dict[str, str] = field(default_factory=dict)  #: workers, by name: their commands
    before: str | None = None  #: what runs once before a release gets requests
    variables: tuple[str, ...] = ()  #: what the commands take from the environment
    dockerfile: bool = False
    container: bool = False  #: nothing but the image says how it starts
    check: str | None = None  #: the image's own health check, as a command


def files(root: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Files with one of the suffixes, the nearest first; folders of tools, tests and dependencies left out."""
    level, seen = [root], 0
    for _ in range(DEPTH + 1):
        folders: list[Path] = []
        for folder in level:
            for entry in sorted(os.scandir(folder), key=lambda one: one.name):
                if entry.is_dir(follow_symlinks=False) and entry.name not in SKIPPED and entry.name[0] != ".":
                    folders.append(Path(entry.path))
                elif entry.name.endswith(suffixes) and entry.is_file():
                    seen += 1
                    yield Path(entry.path)
            if seen > MOST:
                return
        level = folders


def nearest_health(paths: set[str]) -> str | None:
    """The path that most likely says whether the service is ready."""
    return next((path for path in HEALTH if path in paths), None)
