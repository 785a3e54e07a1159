"""A finding before it knows its file, and the word that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from fairlead.project.tree import Mark, Node, Path, quoted

MOST = 200  #: findings; a file with more has one mistake, made often
FEW = 100  #: words that are compared letter by letter


class Problem(NamedTuple):
    """What is wrong, and where; orders itself by place."""

    mark: Mark
    path: Path
    message: str


def problem(node: Node, message: str) -> Problem:
    """A problem with the value of `node`."""
    return Problem(node.at, node.path, message)


def blame(node: Node, *others: Node | None) -> Node:
    """The first that an environment said, else `node`: after a merge the overlay is what caused it."""
    return next((one for one in (node, *others) if one is not None and one.overlaid), node)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """The end of a message: the nearest of the words, if one is near."""
    best = closest(word, words)
    return f"; did you mean {quoted(best)}?" if best else ""


def closest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that `word` was probably meant to be."""
    by_letters = {entry.lower(): entry for entry in words if abs(len(entry) - len(word)) <= len(word) // 2 + 1}
    if len(by_letters) > FEW:  # then not letter by letter: a slip is seldom in the first one
        same = (entry for entry in by_letters if entry[:1] == word[:1].lower())
        by_letters = {entry: by_letters[entry] for entry in islice(same, FEW)}
    near = difflib.get_close_matches(word.lower()[:80], by_letters, n=1, cutoff=0.7)
    return by_letters[near[0]] if near else None
