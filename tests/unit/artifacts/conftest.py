"""Source trees from a dict, and a real git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Git = Callable[..., bytes]


@pytest.fixture
def make() -> Callable[[Path, dict[str, str]], Path]:
    """Write files below a folder; a value that starts with `->` is the target of a link."""

    def write(root: Path, files: dict[str, str]) -> Path:
        root.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content.startswith("->"):
                path.symlink_to(content[2:])
            else:
                path.write_text(content)
        return root

    return write


@pytest.fixture
def git() -> Git:
    """Run git in a folder, untouched by this machine's own settings."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": "/nonexistent"}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "Ada", f"GIT_{who}_EMAIL": "ada@example.com"}

    def call(folder: Path, *argv: str) -> bytes:
        return subprocess.run(["git", *argv], cwd=folder, env=env, check=True, capture_output=True).stdout

    return call
