"""The tree against RFC 6962's own definition and against the vectors published with Certificate Transparency."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash, tree_head

# The eight leaves and nine tree heads of certificate-transparency's merkle_tree_test
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",  # pragma: allowlist secret
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",  # pragma: allowlist secret
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",  # pragma: allowlist secret
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",  # pragma: allowlist secret
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",  # pragma: allowlist secret
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",  # pragma: allowlist secret
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",  # pragma: allowlist secret
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",  # pragma: allowlist secret
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",  # pragma: allowlist secret
]


def definition(data: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it, recursion and all."""
    if not data:
        return hashlib.sha256().digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    split = 1
    while split * 2 < len(data):
        split *= 2
    return hashlib.sha256(b"\x01" + definition(data[:split]) + definition(data[split:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_published_vectors(size: int) -> None:
    assert tree_head(leaf_hash(leaf) for leaf in LEAVES[:size]).hex() == ROOTS[size]


@given(st.lists(st.binary(max_size=8), max_size=200))
def test_every_prefix_has_the_head_of_the_definition(data: list[bytes]) -> None:
    tree = Frontier()
    for number, item in enumerate(data, 1):
        tree = tree.add(leaf_hash(item))
        if number % 7 == 0 or number == len(data):
            assert tree.root() == definition(data[:number])
    assert tree.size == len(data)


@given(st.integers(0, 300))
def test_a_frontier_survives_being_stored(size: int) -> None:
    tree = Frontier()
    for number in range(size):
        tree = tree.add(leaf_hash(str(number).encode()))
    assert Frontier.from_text(tree.size, tree.to_text()) == tree
    assert len(tree.peaks) == size.bit_count()


@pytest.mark.parametrize(("size", "text"), [(-1, ""), (1, ""), (2, "aa bb"), (3, "aa"), (1, "no hex")])
def test_a_frontier_that_cannot_be_is_refused(size: int, text: str) -> None:
    with pytest.raises(ValueError, match=r"leaves|hex"):
        Frontier.from_text(size, text)


def test_a_leaf_never_passes_for_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
    assert Frontier().root() == EMPTY_ROOT
