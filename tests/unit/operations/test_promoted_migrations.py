"""Which files that move schemas come along with artifacts that are promoted."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from fairlead.artifacts import Release
from fairlead.artifacts.files import digests, folder_name, keep_files
from fairlead.errors import FairleadError, Refused
from fairlead.operations.promote import _migrations
from fairlead.project.stack import Migrations, Store
from fairlead.system.files import remove_tree
from fairlead.system.home import Place
from tests.crash.fake_worlds import service, stack


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A stack whose folder has one file, and who it is supplied by."""
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "V1__a.sql").write_text("now")
    store = Store("db", "postgres", databases=("shop",), migrations=(Migrations("shop", "db", "db/contract"),))
    return replace(stack(service("web", "/")), stores=(store,)), SimpleNamespace(root=tmp_path)


def test_the_files_are_those_that_the_release_was_deployed_with(shop):
    made, supply = shop
    files = {"db/V1__a.sql": b"then"}
    release = Release.of(made, {}, {}).with_migrations(digests(files))
    folder = Place.of(made.project, made.environment).migrations
    keep_files(folder, folder_name(release.migrations), files)
    assert _migrations(release, made, supply) == files
    remove_tree(folder)
    with pytest.raises(FairleadError, match="cannot be read: No such file"):
        _migrations(release, made, supply)


def test_a_release_that_kept_none_is_not_promoted_without_them(shop):
    made, supply = shop
    with pytest.raises(Refused, match="was deployed without its migrations"):
        _migrations(Release.of(made, {}, {}), made, supply)


def test_of_a_database_that_it_did_not_move_they_are_those_of_the_folder(shop):
    made, supply = shop
    release = Release.of(replace(made, stores=()), {}, {})
    assert _migrations(release, made, supply) == {"db/V1__a.sql": b"now"}
