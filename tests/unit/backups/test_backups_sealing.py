"""Encryption as a stream."""

import io
import os

import pyrage
import pytest

from fairlead.backups.sealing import Damaged, WrongKey, seal, unseal

KEY = pyrage.x25519.Identity.generate()
DATA = os.urandom(300_000)


def sealed(data=DATA):
    out = bytearray()
    found = seal(io.BytesIO(data), out.extend, [KEY.to_public()])
    assert (found.size, found.stored) == (len(data), len(out))
    return bytes(out), found.sha256


def opened(data, sha256, *keys, size=7000):
    out = bytearray()
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    unseal(pieces, out.extend, keys or [KEY], sha256, "the thing")
    return bytes(out)


@pytest.mark.parametrize("size", [1, 60, 65536, 1 << 20])
def test_there_and_back(size):
    data = DATA[:5000] if size == 1 else DATA
    assert opened(*sealed(data), size=size) == data


def test_age_itself_opens_it():
    assert pyrage.decrypt(sealed()[0], [KEY]) == DATA


def test_another_key_is_said():
    with pytest.raises(WrongKey, match="the thing is encrypted for others"):
        opened(*sealed(), pyrage.x25519.Identity.generate())


@pytest.mark.parametrize("at", [0, 100, 250, 5000, 200_000, -1])
def test_a_flipped_byte_is_found(at):
    data, sha256 = sealed()
    bad = bytearray(data)
    bad[at] ^= 1
    with pytest.raises((Damaged, WrongKey)):
        opened(bytes(bad), sha256)


@pytest.mark.parametrize("left", [0, 10, 300, 65_900, 299_999])
def test_what_was_cut_short_is_found(left):
    data, sha256 = sealed()
    with pytest.raises((Damaged, WrongKey)):
        opened(data[:left], sha256)


def test_another_file_of_the_same_key_is_found():
    with pytest.raises(Damaged, match="checksum"):
        opened(sealed(b"one")[0], sealed(b"two")[1])


def test_errors_of_reading_and_writing_come_through():
    def full(_):
        raise OSError(28, "full")

    class Broken:
        def read(self, size=-1):
            raise OSError(5, "broken")

    with pytest.raises(OSError, match="full"):
        seal(io.BytesIO(DATA), full, [KEY.to_public()])
    with pytest.raises(OSError, match="broken"):
        seal(Broken(), bytearray().extend, [KEY.to_public()])
    data, sha256 = sealed()
    with pytest.raises(OSError, match="full"):
        unseal([data], full, [KEY], sha256, "the thing")
