"""Which files of a folder a build gets: `.dockerignore`, as Docker reads it."""

from __future__ import annotations

from pathlib import Path

GIT = ".git"


def context_paths(root: Path, dockerfile: str) -> list[str]:
    """The paths below `root`, with slashes, sorted; folders too, so that empty ones are there.

    `DOCKERFILE.dockerignore` is read before `.dockerignore`, as BuildKit does. `.git` is left out unless a pattern
    brings it back (`!.git`): with it in, every commit would be another content. OSError when the file cannot be read.
    """
    from docker.utils.build import exclude_paths  # noqa: PLC0415 — only where there is an engine

    own, common = root / f"{dockerfile}.dockerignore", root / ".dockerignore"
    file = own if own.is_file() else common
    patterns = [GIT, *_patterns(file.read_text("utf-8-sig") if file.is_file() else "")]
    found: set[str] = exclude_paths(str(root), patterns, dockerfile)
    return sorted(found)


def _patterns(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
