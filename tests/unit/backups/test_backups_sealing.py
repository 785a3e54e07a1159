"""Encryption as a stream."""

import hashlib
import io
import os

import pyrage
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fairlead.backups.sealing import Damaged, WrongKey, seal, unseal

KEY = pyrage.x25519.Identity.generate()
DATA = os.urandom(300_000)
BOTH = pytest.mark.parametrize("cipher", ["age", "aes-256-gcm"])


def sealed(data=DATA, cipher="age"):
    out = bytearray()
    found = seal(io.BytesIO(data), out.extend, [pyrage.x25519.Identity.generate().to_public(), KEY.to_public()], cipher)
    assert (found.size, found.stored) == (len(data), len(out))
    return bytes(out), found.sha256


def opened(data, sha256, *keys, size=7000):
    out = bytearray()
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    unseal(pieces, out.extend, keys or [KEY], sha256, "the thing")
    return bytes(out)


@BOTH
@pytest.mark.parametrize("size", [1, 60, 65536, 1 << 20])
def test_there_and_back(cipher, size):
    data = DATA[:5000] if size == 1 else DATA
    assert opened(*sealed(data, cipher), size=size) == data


@BOTH
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 131072])
def test_there_and_back_where_pieces_end(cipher, size):
    assert opened(*sealed(DATA[:size], cipher)) == DATA[:size]


def test_age_itself_opens_it():
    assert pyrage.decrypt(sealed()[0], [KEY]) == DATA


def test_aes_is_as_it_is_written_down():
    """The way back without Fairlead, by the description of the format alone."""
    data = sealed(cipher="aes-256-gcm")[0]
    assert data[:24] == b"fairlead/aes-256-gcm/v1\n"
    length = int.from_bytes(data[24:28], "big")
    head, body, key = data[: 28 + length], data[28 + length :], pyrage.decrypt(data[28 : 28 + length], [KEY])
    pieces = [body[at : at + 65552] for at in range(0, len(body), 65552)]
    found = b""
    for number, piece in enumerate(pieces):
        nonce = number.to_bytes(11, "big") + bytes([number == len(pieces) - 1])
        found += AESGCM(key).decrypt(nonce, piece, hashlib.sha256(head).digest())
    assert found == DATA


def pieces_of(data):
    begin = 28 + int.from_bytes(data[24:28], "big")
    return data[:begin], [data[at : at + 65552] for at in range(begin, len(data), 65552)]


@pytest.mark.parametrize(
    "change",
    [
        lambda some: [some[1], some[0], *some[2:]],
        lambda some: [some[0], *some[2:]],
        lambda some: some[:-1],
        lambda some: [*some, some[-1]],
        lambda some: [some[-1], *some[1:]],
        lambda some: [*some, b""[:0], b"x"],
        lambda some: [],
    ],
    ids=[
        "another order",
        "one is missing",
        "cut at the end of one",
        "one more",
        "the last first",
        "a byte more",
        "none",
    ],
)
def test_pieces_of_aes_that_are_not_as_they_were(change):
    head, some = pieces_of(sealed(cipher="aes-256-gcm")[0])
    with pytest.raises(Damaged, match="the thing is damaged"):
        opened(head + b"".join(change(some)), None)


def test_pieces_of_another_object_are_found():
    """Each has a key of its own, wrapped in its head."""
    one, other = (pieces_of(sealed(cipher="aes-256-gcm")[0]) for _ in range(2))
    assert one[0] != other[0]
    for made in (one[0] + b"".join(other[1]), other[0] + b"".join(one[1])):
        with pytest.raises(Damaged):
            opened(made, None)


def test_nothing_of_a_piece_that_was_changed_is_passed_on():
    data, out = bytearray(sealed(cipher="aes-256-gcm")[0]), bytearray()
    data[-20_000] ^= 1
    with pytest.raises(Damaged):
        unseal([bytes(data)], out.extend, [KEY], None, "the thing")
    assert len(out) == 262144
    assert DATA.startswith(out)


def test_aes_never_has_all_of_it_in_memory():
    ahead, most = 0, 0

    class Endless:
        left = 400

        def read(self, size=-1):
            nonlocal ahead, most
            self.left -= 1
            ahead += size if self.left > 0 else 0
            most = max(most, ahead)
            return bytes(size) if self.left > 0 else b""

    def write(data):
        nonlocal ahead
        ahead -= len(data) if len(data) > 1000 else 0

    seal(Endless(), write, [KEY.to_public()], "aes-256-gcm")
    assert most <= 3 * 65536


@BOTH
def test_another_key_is_said(cipher):
    with pytest.raises(WrongKey, match="the thing is encrypted for others"):
        opened(*sealed(cipher=cipher), pyrage.x25519.Identity.generate())


@BOTH
@pytest.mark.parametrize("at", [0, 25, 100, 250, 5000, 200_000, -1])
def test_a_flipped_byte_is_found(cipher, at):
    data, sha256 = sealed(cipher=cipher)
    bad = bytearray(data)
    bad[at] ^= 1
    with pytest.raises((Damaged, WrongKey)):
        opened(bytes(bad), sha256)


@BOTH
@pytest.mark.parametrize("left", [0, 10, 24, 26, 28, 60, 300, 65_900, 299_999])
def test_what_was_cut_short_is_found(cipher, left):
    data, sha256 = sealed(cipher=cipher)
    with pytest.raises((Damaged, WrongKey)):
        opened(data[:left], sha256)


@BOTH
def test_another_file_of_the_same_key_is_found(cipher):
    with pytest.raises(Damaged, match="checksum"):
        opened(sealed(b"one", cipher)[0], sealed(b"two", cipher)[1])


@BOTH
def test_errors_of_reading_and_writing_come_through(cipher):
    def full(_):
        raise OSError(28, "full")

    class Broken:
        def read(self, size=-1):
            raise OSError(5, "broken")

    with pytest.raises(OSError, match="full"):
        seal(io.BytesIO(DATA), full, [KEY.to_public()], cipher)
    with pytest.raises(OSError, match="broken"):
        seal(Broken(), bytearray().extend, [KEY.to_public()], cipher)
    data, sha256 = sealed(cipher=cipher)
    with pytest.raises(OSError, match="full"):
        unseal([data], full, [KEY], sha256, "the thing")
