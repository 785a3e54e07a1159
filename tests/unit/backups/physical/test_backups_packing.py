"""One file of a tape, kept aside while the tape goes by in pieces of any size."""

import io
import random
import tarfile
import zlib

import pytest

from fairlead.backups.physical.packing import Follower, Packed


def tape(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for name, content in files.items():
            one = tarfile.TarInfo(name)
            one.size = len(content)
            made.addfile(one, io.BytesIO(content))
    return out.getvalue()


FILES = {"PG_VERSION": b"17\n", "empty": b"", "base/5/1259": b"x" * 8192, "backup_manifest": b'{"Files": []}' * 100}


@pytest.mark.parametrize("most", [1, 7, 511, 512, 513, 5000, 1 << 20])
def test_the_manifest_is_kept_however_the_tape_comes(most):
    whole, mine = tape(FILES), random.Random(most)
    follower, at = Follower("backup_manifest"), 0
    while at < len(whole):
        step = mine.randint(1, most)
        follower.feed(whole[at : at + step])
        at += step
    assert follower.content == FILES["backup_manifest"]


def test_what_is_no_tape_has_none():
    follower = Follower("backup_manifest")
    follower.feed(b"no tape at all " * 200)
    assert follower.content == b""


def test_it_is_packed_as_it_is_read():
    whole = tape(FILES)
    packed = Packed(io.BytesIO(whole))
    found = b"".join(iter(lambda: packed.read(1000), b""))
    assert zlib.decompress(found, wbits=31) == whole
    assert (packed.size, packed.manifest) == (len(whole), FILES["backup_manifest"])
