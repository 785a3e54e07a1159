"""Files that were made of templates, as a release keeps them."""

import dataclasses
import os
import stat

import pytest

from fairlead.artifacts import Release, ReleaseStore
from fairlead.artifacts.files import digests, keep_files
from fairlead.errors import FairleadError
from fairlead.project.stack import Service, Stack

STACK = Stack("shop", "local", services=(Service("web", "run ${FILES}"),))
FILES = {"b/x.json": b"{}", "a": b"1"}


def test_the_id_of_a_release_is_of_its_files_too(tmp_path):
    bare = Release.of(STACK, {}, {})
    one, other = bare.with_files(digests(FILES)), bare.with_files(digests(FILES | {"a": b"2"}))
    assert len({bare.id, one.id, other.id}) == 3
    assert bare.with_files({}).id == bare.id and list(one.files) == ["a", "b/x.json"]
    both = one.with_secrets({"KEY": "0" * 16})
    assert both.id == bare.with_secrets({"KEY": "0" * 16}).with_files(one.files).id != one.id
    store = ReleaseStore(tmp_path)
    assert store.save(both) == store.load(both.id) == both
    assert dataclasses.replace(both, files={}) != store.load(both.id)


def test_they_are_read_only_and_stay_as_they_are(tmp_path):
    folder = tmp_path / "files"
    keep_files(folder, "r1", {})
    assert not folder.exists()
    keep_files(folder, "r1", FILES)
    keep_files(folder, "r1", {"a": b"2"})
    assert (folder / "r1" / "a").read_bytes() == b"1" and (folder / "r1" / "b" / "x.json").read_bytes() == b"{}"
    assert stat.S_IMODE((folder / "r1").stat().st_mode) == 0o555
    assert stat.S_IMODE((folder / "r1" / "a").stat().st_mode) == 0o444
    keep_files(folder, "r1", {"a": b"2"}, anew=True)
    assert [path.name for path in (folder / "r1").iterdir()] == ["a"] and (folder / "r1" / "a").read_bytes() == b"2"
    assert [path.name for path in folder.iterdir()] == ["r1"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_nothing_may_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(FairleadError, match="could not be written"):
        keep_files(tmp_path / "files", "r1", FILES)
    tmp_path.chmod(0o700)
