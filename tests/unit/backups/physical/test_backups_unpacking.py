"""What pg_basebackup wrote, read again."""

import hashlib
import io
import json
import tarfile

import pytest

from fairlead.backups.physical.unpacking import look, unpack
from fairlead.backups.sealing import Damaged
from fairlead.errors import FairleadError

FILES = {"PG_VERSION": b"15\n", "base/1/2": b"x" * 100_000}


def tape(files=FILES, listed=FILES):
    sums = [{"Path": name, "Checksum": hashlib.sha256(data).hexdigest()} for name, data in listed.items()]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        for name, data in {**files, "backup_manifest": json.dumps({"Files": sums}).encode()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return out.getvalue()


def test_there_and_whole(tmp_path):
    data = tape()
    assert look(lambda write: write(data)) == []
    assert unpack(lambda write: write(data), tmp_path, None) > 100_000
    assert (tmp_path / "base" / "1" / "2").read_bytes() == FILES["base/1/2"]
    assert (tmp_path / "base").stat().st_mode & 0o777 == 0o700


def test_each_file_is_compared_with_the_manifest():
    assert look(lambda write: write(tape(FILES | {"PG_VERSION": b"16\n"}))) == ["its PG_VERSION is another one"]
    assert look(lambda write: write(tape({"PG_VERSION": b"15\n"}))) == ["it has lost base/1/2"]
    assert look(lambda write: write(tape(FILES, {}))) == ["it has no manifest"]


def test_what_is_cut_short_or_no_tape(tmp_path):
    for data in (tape()[:-300], b"nonsense" * 100):
        with pytest.raises(Damaged):
            unpack(lambda write, data=data: write(data), tmp_path, None)


def test_what_writes_it_says_why_it_failed(tmp_path):
    def push(write):
        write(tape()[:-300])
        raise FairleadError("the place went away")

    with pytest.raises(FairleadError, match="the place went away"):
        unpack(push, tmp_path, None)


def test_a_full_disk_is_no_damage(tmp_path):
    (tmp_path / "base").write_text("in the way")
    with pytest.raises(FairleadError, match="could not be unpacked") as caught:
        unpack(lambda write: write(tape()), tmp_path, None)
    assert not isinstance(caught.value, Damaged)


@pytest.mark.parametrize("name", ["../out", "base/../../out", "/out"])
def test_nothing_gets_out_of_the_folder(tmp_path, name):
    data = tape({name: b"x"})
    if name.startswith("/"):  # as tarfile has it: below the folder
        unpack(lambda write: write(data), tmp_path / "to", None)
    else:
        with pytest.raises(Damaged, match="outside"):
            unpack(lambda write: write(data), tmp_path / "to", None)
    assert not (tmp_path / "out").exists()


def test_no_link_leads_out_of_it(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        for name, kind, to in (("in", tarfile.SYMTYPE, "."), ("out", tarfile.SYMTYPE, ".."), ("out/file", None, "")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind or tarfile.REGTYPE, to
            made.addfile(member)
    with pytest.raises(Damaged, match="outside"):
        unpack(lambda write: write(out.getvalue()), tmp_path / "to", None)
    assert not (tmp_path / "file").exists()
