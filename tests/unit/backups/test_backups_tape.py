"""Files as a tape: what is on it, what changed meanwhile, and what it may not do when it is unpacked."""

import io
import os
import socket
import tarfile

import pytest

from fairlead.backups.sealing import Damaged
from fairlead.backups.tape import Told, compressed, counted, looked_at, packed, passed_on, unpacked
from fairlead.errors import FairleadError


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "data"
    (made / "deep" / "er").mkdir(parents=True)
    (made / "deep" / "er" / "one").write_bytes(b"one" * 1000)
    (made / "empty").touch()
    (made / "b\udce4d").write_text("not utf-8")
    os.link(made / "deep" / "er" / "one", made / "same")
    (made / "out").symlink_to("/etc/hostname")
    (made / "deep").chmod(0o2750)
    (made / "empty").chmod(0o4755)
    (made / ".fairlead").mkdir()
    (made / ".fairlead" / "before").touch()
    return made


def pushed(data):
    def push(write):
        for at in range(0, len(data), 1000):
            write(data[at : at + 1000])

    return push


def test_it_comes_back_as_it_was(folder, tmp_path):
    told, back, new = Told(), Told(), tmp_path / "new"
    new.mkdir()
    data = b"".join(compressed(packed(folder, told)))
    unpacked(pushed(data), new, back)
    assert (told.files, told.bytes) == (4, 3009) == (back.files, back.bytes)
    found = counted(new)
    assert (found.files, found.bytes) == (4, 3009)
    assert (new / "deep" / "er" / "one").read_bytes() == b"one" * 1000
    assert (new / "same").stat().st_ino == (new / "deep" / "er" / "one").stat().st_ino
    assert str((new / "out").readlink()) == "/etc/hostname"
    assert (new / "deep").stat().st_mode & 0o7777 == 0o2750
    assert (new / "empty").stat().st_mode & 0o7777 == 0o755, "nothing that runs as its owner"
    assert (new / "empty").stat().st_mtime == (folder / "empty").stat().st_mtime
    assert (new / "b\udce4d").read_text() == "not utf-8"
    assert not (new / ".fairlead").exists(), "what lies aside is no data"


def test_what_changes_meanwhile_is_named_and_no_reason_to_have_none(folder):
    (folder / "long").write_bytes(b"x" * (3 << 20))
    (folder / "zero").write_bytes(b"y" * (2 << 20))
    with socket.socket(socket.AF_UNIX) as link:
        link.bind(str(folder / "socket"))
    told, data = Told(), b""
    for piece in packed(folder, told):
        if len(piece) == 1 << 20 and piece[:1] == b"x":
            os.truncate(folder / "long", 1 << 20)
            (folder / "zero").unlink(missing_ok=True)
        data += piece
    assert told.changed == ["./long"]
    assert told.gone == ["./zero"]
    assert told.skipped == ["./socket"]
    with tarfile.open(fileobj=io.BytesIO(data)) as tape:
        assert "./same" in tape.getnames()


def test_a_tape_of_an_engine_loses_what_lies_beside_the_data(folder):
    told, first = Told(), io.BytesIO()
    with tarfile.open(fileobj=first, mode="w") as tape:
        tape.add(folder, "./", recursive=False)
        tape.add(folder / "deep", "deep")
        tape.add(folder / ".fairlead", ".fairlead")
        tape.add(folder / "same", "same")
    data = b"".join(passed_on([first.getvalue()], told))
    with tarfile.open(fileobj=io.BytesIO(data)) as tape:
        assert tape.getnames() == [".", "./deep", "./deep/er", "./deep/er/one", "./same"]
    assert (told.files, told.bytes) == (2, 3000)


def test_one_that_was_cut_short_is_none(folder):
    data = b"".join(packed(folder, Told()))
    with pytest.raises(FairleadError, match="could not be read to the end"):
        list(passed_on([data[:-2000]], Told()))
    whole = b"".join(compressed([data]))
    with pytest.raises(Damaged):
        looked_at(pushed(whole[:-40]), Told())


def test_nothing_is_unpacked_outside(tmp_path):
    first = io.BytesIO()
    with tarfile.open(fileobj=first, mode="w:gz") as tape:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "elsewhere")
        tape.addfile(link)
        tape.addfile(tarfile.TarInfo("link/bad"))
    for name in ("elsewhere", "new"):
        (tmp_path / name).mkdir()
    with pytest.raises(FairleadError):
        unpacked(pushed(first.getvalue()), tmp_path / "new", Told())
    assert list((tmp_path / "elsewhere").iterdir()) == []
