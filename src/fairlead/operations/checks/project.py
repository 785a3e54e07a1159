"""Checks of the project: are the sources and programs there that it speaks of."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from fairlead.operations.check import Check, failed, ok
from fairlead.project.stack import Job, Service, Stack


def examine(stack: Stack, root: Path, path: str) -> Iterator[Check]:
    """`root` is the folder of the project file, `path` the PATH that instances get."""
    what = " and ".join(
        f"{len(some)} {noun}{'s' * (len(some) != 1)}"
        for some, noun in ((stack.services, "service"), (stack.jobs, "job"))
    )
    yield ok("configuration", f"valid; {what} in {stack.environment}")
    items: tuple[Service | Job, ...] = (*stack.services, *stack.jobs)
    if stack.runtime != "process":
        return
    yield _sources(items, root)
    yield _programs(items, path)
    if any("-m venv" in line for line in _prepare_lines(items)):
        yield _venv()


def _sources(items: tuple[Service | Job, ...], root: Path) -> Check:
    wanted = sorted({item.source for item in items if item.source is not None})
    missing = [source for source in wanted if not (root / source).is_dir()]
    if missing:
        what = f"no such folder: {', '.join(str(root / source) for source in missing)}"
        return failed("sources", what, "correct `source` in the project file")
    return ok("sources", ", ".join(wanted) or "none")


def _programs(items: tuple[Service | Job, ...], path: str) -> Check:
    """Programs found on PATH or by an absolute path; one below the artifact is only known once it was built."""
    lines = [*(item.command for item in items), *_prepare_lines(items)]
    first = sorted({word for line in lines if (word := _first_word(line))})
    missing = [word for word in first if not _found(word, path)]
    if missing:
        what = f"not found: {', '.join(missing)}"
        return failed("programs", what, "install them, or name them by their path from the source folder")
    return ok("programs", ", ".join(word for word in first if "/" not in word) or "none from PATH")


def _prepare_lines(items: tuple[Service | Job, ...]) -> list[str]:
    return list(dict.fromkeys(line for item in items if item.prepare for line in item.prepare.run))


def _first_word(line: str) -> str:
    words = shlex.split(line)
    return words[0] if words else ""


def _found(word: str, path: str) -> bool:
    if "${" in word or ("/" in word and not word.startswith("/")):
        return True
    return shutil.which(word, path=path) is not None


def _venv() -> Check:
    """Debian keeps ensurepip, without which `python -m venv` fails, in a package of its own."""
    if find_spec("ensurepip") is None or find_spec("venv") is None:
        hint = "apt install python3-venv (Debian, Ubuntu)"
        return failed("python", "this Python cannot make virtual environments: ensurepip is missing", hint)
    return ok("python", "can make virtual environments")
