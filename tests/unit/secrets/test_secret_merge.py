"""Three versions of a file, merged: every value as both sides want it, whatever keys and recipients they have."""

import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from fairlead.secrets.merge import merge
from fairlead.secrets.sops.document import parse
from fairlead.secrets.sops.file import changed, open_document
from fairlead.secrets.sops.recipients import created, rekeyed, rewrapped

KEYS = [pyrage.x25519.Identity.generate() for _ in range(3)]
ADA, BOB, EVE = (str(one.to_public()) for one in KEYS)


def opened(text):
    return open_document(parse(text, "x.yaml"), KEYS[:1], "no key")


def step(file, values=None, recipients=None, new_key=False):
    """A version later: other values, other recipients."""
    old = file.values
    now = {**dict.fromkeys(name for name in old if name not in values), **values} if values is not None else {}
    file = opened(changed(file, now))
    if recipients is not None:
        file = opened((rekeyed if new_key else rewrapped)(file, recipients))
    return file


def lines(text):
    return [line for line in text.splitlines() if "mac:" not in line and "lastmodified:" not in line]


BASE = opened(created({"A": "a", "B": "b", "C": "c"}, [ADA, BOB], "x.yaml"))

VALUES = some.dictionaries(some.sampled_from("ABCDE"), some.sampled_from(["a", "b", "c", "x", "y", ""]), max_size=5)
REKEYS = some.sampled_from([(None, False), ([ADA, BOB, EVE], False), ([ADA], True), ([ADA, EVE], True)])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES, VALUES, REKEYS, REKEYS)
def test_any_two_changes(ours, theirs, our_keys, their_keys):
    mine, other = step(BASE, ours, *our_keys), step(BASE, theirs, *their_keys)
    merged = merge(BASE, mine, other)
    found = opened(merged.text)
    old = BASE.values
    for name in {*old, *ours, *theirs}:
        was, here, there = old.get(name), ours.get(name), theirs.get(name)
        if here == there or there == was:
            assert found.values.get(name) == here
        elif here == was:
            assert found.values.get(name) == there
            assert name in merged.taken
        else:
            assert name in merged.conflicts
            assert found.values.get(name) == here
    for one in (BOB, EVE):
        kept = [one in side.document.metadata.recipients for side in (BASE, mine, other)]
        wanted = (kept[1] and kept[2]) if kept[0] else (kept[1] or kept[2])
        assert (one in found.document.metadata.recipients) == wanted
    gone = {BOB, EVE} - set(found.document.metadata.recipients)
    if gone and any(new for _, new in (our_keys, their_keys)):
        knew = [side.key for side in (BASE, mine, other) if gone & set(side.document.metadata.recipients)]
        assert found.key not in knew


def test_ciphertexts_of_both_sides_stay():
    mine, other = step(BASE, {**BASE.values, "A": "mine"}), step(BASE, {**BASE.values, "C": "theirs", "D": "new"})
    text = merge(BASE, mine, other).text
    known = {*lines(mine.document.text), *lines(other.document.text)}
    assert [line for line in lines(text) if line not in known] == []


def test_nothing_of_theirs_changes_nothing():
    mine = step(BASE, {**BASE.values, "A": "mine"})
    merged = merge(BASE, mine, BASE)
    assert (merged.text, merged.taken, merged.conflicts) == (mine.document.text, (), ())


@pytest.mark.parametrize("same", [True, False])
def test_without_a_base_both_are_kept(same):
    mine = opened(created({"A": "a"}, [ADA], "x.yaml"))
    other = opened(created({"A": "a" if same else "x", "B": "b"}, [ADA, BOB], "x.yaml"))
    merged = merge(None, mine, other)
    assert opened(merged.text).values == {"A": "a", "B": "b"}
    assert merged.conflicts == (() if same else ("A",))
    assert set(opened(merged.text).document.metadata.recipients) == {ADA, BOB}
