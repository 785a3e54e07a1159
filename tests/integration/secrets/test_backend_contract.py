"""What every back end must do, whatever is behind it."""

import threading

import pytest

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.secrets.base import ReadOnly

ODD = {
    "quotes": "a\"b'c\\d`e$f",
    "lines": "-----BEGIN KEY-----\nabc\n-----END KEY-----",
    "unicode": "pässwörd ☃ 𝔘",
    "yaml": "- {a: [b], c: *d} # no",
    "spaces": "  in the middle and at both ends  ",
    "long": "x" * 20_000,
}


def test_nothing_is_there_at_first(backend):
    assert backend.names() == ()
    assert backend.get(["ONE"]) == {}


def test_what_was_set_is_there(backend):
    backend.set({"TWO": Secret("zwei"), "ONE": Secret("eins")})
    assert backend.names() == ("ONE", "TWO")
    assert backend.get(["ONE", "MISSING"]) == {"ONE": Secret("eins")}
    assert backend.get([]) == {}


def test_setting_replaces_and_keeps_the_others(backend):
    backend.set({"ONE": Secret("eins"), "TWO": Secret("zwei")})
    backend.set({"ONE": Secret("uno")})
    assert backend.get(["ONE", "TWO"]) == {"ONE": Secret("uno"), "TWO": Secret("zwei")}


def test_adding_changes_nothing_that_is_there(backend):
    backend.set({"ONE": Secret("eins")})
    assert backend.add({"ONE": Secret("another"), "TWO": Secret("zwei")}) == ("TWO",)
    assert backend.add({"ONE": Secret("another"), "TWO": Secret("another")}) == ()
    assert backend.get(["ONE", "TWO"]) == {"ONE": Secret("eins"), "TWO": Secret("zwei")}


def test_deleting_forgets_and_may_be_repeated(backend):
    backend.set({"ONE": Secret("eins"), "TWO": Secret("zwei")})
    try:
        backend.delete(["ONE"])
    except ReadOnly as refusal:
        assert "ONE" in refusal.message
        assert refusal.hint
        return
    backend.delete(["ONE", "MISSING"])
    assert backend.names() == ("TWO",)


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_values_come_back_as_they_were(backend, value):
    backend.set({"ONE": Secret(value)})
    assert backend.get(["ONE"])["ONE"].reveal() == value


def test_the_place_is_named_without_a_value(backend):
    backend.set({"ONE": Secret("a-value-that-is-secret")})
    assert backend.where
    assert "a-value-that-is-secret" not in backend.where + repr(backend)


def test_a_second_writer_loses_nothing(backend):
    """Two at once, each with names of its own: at the end all of them are there."""
    if type(backend).__name__ == "AwsBackend":
        pytest.skip("Secrets Manager has no check-and-set; that it is noticed is tested elsewhere")
    backend.set({"ONE": Secret("eins")})
    errors = []

    def write(name):
        try:
            backend.set({name: Secret(name * 3)})
        except FairleadError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("TWO", "THREE")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert backend.names() == ("ONE", "THREE", "TWO")
