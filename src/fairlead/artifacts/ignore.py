"""Which files git would leave out, by the same rules: nested ignore files, negation, folders only, `**`.

pathspec turns one pattern into a regular expression. What git does around the patterns is done here, because
pathspec answers for whole paths and so lets a negated folder (`!keep/`) bring back what another file leaves out
(`*.log`): a pattern decides about exactly the path it matches, a folder left out is never looked into, the ignore file
nearest to the path is asked first, and in a file the last pattern that matches wins (gitignore(5)). Git compares
bytes, so that `?` is half an umlaut: patterns and paths are held as Latin-1, one character per byte.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_CLASSES = {  # pathspec does not know POSIX classes; git does
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "xdigit": "0-9a-fA-F",
    "space": " \t", "blank": " \t",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    ignores: bool  #: False for a negated pattern
    folders_only: bool

    def matches(self, path: str, is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        found = self.pattern.search(path)
        # the group is pathspec's mark for "matched a folder above"
        return found is not None and found.groupdict().get("ps_d") is None


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """The rules of one file, the last one first; they speak of what follows the first `base` bytes of a path."""

    base: int
    rules: tuple[_Rule, ...]

    def decide(self, path: str, is_folder: bool) -> bool | None:
        """Whether `path` (as Latin-1) is left out; None when no rule speaks of it."""
        below = path[self.base :]
        return next((rule.ignores for rule in self.rules if rule.matches(below, is_folder)), None)


def read_ignore_file(file: Path, base: str) -> IgnoreFile | None:
    """The rules in `file`, for paths below `base` ("" or "folder/"); None when there is no such file.

    As git, it does not follow a link.
    """
    if file.is_symlink() or not file.is_file():
        return None
    text = file.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    rules = [rule for line in text.split("\n") if (rule := _parse(line)) is not None]
    return IgnoreFile(len(os.fsencode(base)), tuple(reversed(rules)))


def is_ignored(path: str, is_folder: bool, files: tuple[IgnoreFile, ...]) -> bool:
    """Whether the ignore files, the one to ask first standing first, leave `path` out."""
    name = os.fsencode(path).decode("latin-1")
    for file in files:
        decision = file.decide(name, is_folder)
        if decision is not None:
            return decision
    return False


def _parse(line: str) -> _Rule | None:
    line = line.removesuffix("\r")
    if line.startswith("#"):
        return None
    line = re.sub(r"(?<!\\) +$", "", line)
    folders_only = line.endswith("/")
    line = re.sub(r"\[:(\w+):\]", lambda found: _CLASSES.get(found[1], found[0]), line.removesuffix("/"))
    if line in ("", "!", "/", "!/"):
        return None
    return _compile(_guard_blanks(line), folders_only)


def _guard_blanks(line: str) -> str:
    """Blanks at the ends count for git; pathspec strips every kind of them, so they go into brackets."""
    line = re.sub(r"^(!?)(\s)", r"\1[\2]", line)
    return re.sub(r"\\?(\s)$", r"[\1]", line)


def _compile(line: str, folders_only: bool) -> _Rule | None:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - 30 ms that most commands need not pay

    try:
        patterns = list(GitIgnoreSpec.from_lines([line]).patterns)
    except ValueError:
        return None  # git: an invalid pattern never matches
    for pattern in patterns:
        regex: re.Pattern[str] | None = getattr(pattern, "regex", None)
        if regex is not None:
            return _Rule(regex, bool(pattern.include), folders_only)
    return None
