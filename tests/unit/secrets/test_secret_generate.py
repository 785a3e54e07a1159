"""What Fairlead makes is as long, as random and of the form that was asked for, and made once."""

import base64
import re
import uuid

import pytest
from cryptography.hazmat.primitives import serialization

from fairlead.errors import FairleadError
from fairlead.operations.secrets.ensure import ensure
from fairlead.project.stack import Generate, SecretSpec, Stack
from fairlead.secrets.base import ReadOnly
from fairlead.secrets.fake import FakeBackend
from fairlead.secrets.generate import KINDS, generate
from fairlead.secrets.strength import weakness


def made(kind, length=None):
    return generate(kind, length).reveal()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_strong_and_new_each_time(kind):
    one, two = made(kind), made(kind)
    assert one != two
    assert weakness(one) is None


@pytest.mark.parametrize(("kind", "length"), [("password", 8), ("password", 50), ("hex", 31), ("hex", 64)])
def test_lengths_are_in_characters(kind, length):
    assert len(made(kind, length)) == length


@pytest.mark.parametrize(("length", "size"), [(44, 32), (24, 16), (88, 64), (64, 48), (40, 30), (43, 30)])
def test_base64_holds_as_many_bytes_as_fit(length, size):
    text = made("base64", length)
    assert len(text) <= length
    assert len(base64.b64decode(text, validate=True)) == size


def test_forms():
    assert re.fullmatch(r"[A-Za-z0-9]{32}", made("password"))
    assert re.fullmatch(r"[0-9a-f]{64}", made("hex"))
    assert len(base64.urlsafe_b64decode(made("jwt-hs256") + "==")) == 64
    assert uuid.UUID(made("uuid")).version == 4
    for kind, length, size in (("rsa", 2048, 2048), ("ed25519", None, None)):
        key = serialization.load_pem_private_key(made(kind, length).encode(), None)
        assert getattr(key, "key_size", None) == size


@pytest.mark.parametrize(("kind", "length"), [("rsa", 1024), ("jwt-hs256", 16), ("rot13", None)])
def test_what_would_be_too_weak_is_refused(kind, length):
    with pytest.raises(FairleadError) as caught:
        generate(kind, length)
    assert caught.value.hint


STACK = Stack(
    "shop", "test", secrets=(SecretSpec("A", Generate("hex")), SecretSpec("B", Generate("uuid")), SecretSpec("C"))
)


def test_what_is_missing_is_made_once():
    backend = FakeBackend({"A": "was-there"})
    assert ensure(STACK, backend) == ("B",)
    first = dict(backend.values)
    assert ensure(STACK, backend) == ()
    assert backend.values == first
    assert backend.values["A"].reveal() == "was-there"
    assert "C" not in backend.values


def test_nothing_is_asked_where_nothing_is_made():
    backend = FakeBackend()
    backend.available = False
    assert ensure(Stack("shop", "test", secrets=(SecretSpec("C"),)), backend) == ()


def test_one_that_cannot_be_kept_is_an_error():
    with pytest.raises(ReadOnly):
        ensure(STACK, FakeBackend(read_only=True))
