"""The Merkle tree of RFC 6962, section 2.1, grown one leaf at a time.

A log that only grows needs no stored tree: the roots of its complete subtrees (one for each bit set in the number of
leaves, the largest first) are enough to add a leaf and to compute the head, both in O(log n). RFC 9162 section 2.1.2
describes the same stack of complete subtrees; elsewhere it is called a compact range.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

EMPTY_ROOT = hashlib.sha256().digest()  #: the head of a tree without leaves


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of 0x00 and the data; the prefix keeps a leaf from passing for a node."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and the hashes of both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves, known by the roots of its complete subtrees, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    @classmethod
    def from_text(cls, size: int, text: str) -> Frontier:
        """The inverse of `to_text`; ValueError when the number of peaks does not fit the size."""
        peaks = tuple(bytes.fromhex(peak) for peak in text.split())
        if size < 0 or len(peaks) != size.bit_count():
            raise ValueError(f"{len(peaks)} subtrees cannot make a tree of {size} leaves")
        return cls(size, peaks)

    def to_text(self) -> str:
        """The peaks as hex, separated by blanks."""
        return " ".join(peak.hex() for peak in self.peaks)

    def add(self, leaf: bytes) -> Frontier:
        """The tree with one more leaf, given by its leaf hash."""
        peaks = [*self.peaks]
        node = leaf
        size = self.size
        while size & 1:  # every trailing one bit is a complete subtree of the same height: merge, as in a carry
            node = node_hash(peaks.pop(), node)
            size >>= 1
        return Frontier(self.size + 1, (*peaks, node))

    def root(self) -> bytes:
        """The tree head, RFC 6962's MTH."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def tree_head(leaves: Iterable[bytes]) -> bytes:
    """The head over leaf hashes, in order."""
    tree = Frontier()
    for leaf in leaves:
        tree = tree.add(leaf)
    return tree.root()
