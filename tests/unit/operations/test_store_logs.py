"""What a store wrote, the last of it or since a time."""

from datetime import UTC, datetime

import pytest

from fairlead.errors import UsageError
from fairlead.operations.stores.look import log_tail
from fairlead.runtimes.process.log_marks import Marks
from fairlead.system.home import Place


@pytest.fixture
def place(tmp_path):
    """With a store that wrote five lines, of which the keeper saw three."""
    made = Place(tmp_path / "shop" / "local")
    folder = made.stores / "db"
    folder.mkdir(parents=True)
    (folder / "store.json").write_text("{}")
    log = folder / "log"
    log.write_text("one\ntwo\nthree\n")
    Marks.of(made).add(log, 100)
    with log.open("a") as more:
        more.write("four\nfive\n")
    return made


def test_the_last_lines_or_those_since_a_time(place):
    assert log_tail(place, "db", 2) == "four\nfive"
    assert log_tail(place, "db").count("\n") == 4
    assert log_tail(place, "db", since=datetime.fromtimestamp(100, UTC)) == "four\nfive"
    assert log_tail(place, "db", since=datetime.fromtimestamp(50, UTC)) == "one\ntwo\nthree\nfour\nfive"
    assert log_tail(place, "db", 1, datetime.fromtimestamp(50, UTC)) == "five"


def test_of_one_that_there_is_not(place):
    with pytest.raises(UsageError, match='no store "dbs"'):
        log_tail(place, "dbs", 5)
