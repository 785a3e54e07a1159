"""Which of the programs of this machine a store gets."""

import pytest

from fairlead.stores import programs
from fairlead.stores.majors import of


@pytest.fixture
def debian(tmp_path, monkeypatch):
    """A machine with two majors of PostgreSQL, as Debian has them after an upgrade."""
    for major in ("15", "9.6", "17"):
        folder = tmp_path / "postgresql" / major / "bin"
        folder.mkdir(parents=True)
        for name in ("postgres", "pg_dump"):
            folder.joinpath(name).touch()
    monkeypatch.setattr(programs, "DEBIAN", tmp_path / "postgresql")
    monkeypatch.setattr(programs.shutil, "which", lambda _: None)
    return tmp_path / "postgresql"


def test_data_keeps_the_major_that_made_it(debian, tmp_path):
    """A newer one that comes beside it must not take a store over: it does not read its files."""
    data = tmp_path / "data"
    assert of(data) == ""
    data.mkdir()
    data.joinpath("PG_VERSION").write_text("15\n")
    assert programs.find("postgres", of(data)) == str(debian / "15" / "bin" / "postgres")
    assert programs.require(["pg_dump"], "store db", of(data)) == {"pg_dump": str(debian / "15" / "bin" / "pg_dump")}


@pytest.mark.parametrize("major", ["", "14"])
def test_without_data_and_where_its_major_is_gone_it_is_the_newest(debian, major):
    assert programs.find("postgres", major) == str(debian / "17" / "bin" / "postgres")
