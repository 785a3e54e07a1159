import time
from datetime import UTC, datetime

import pytest

from fairlead.errors import UsageError
from fairlead.operations.logs import Follower, Logs, Wanted, read_logs
from fairlead.runtimes.process.log_marks import LARGEST, Marks
from fairlead.runtimes.process.logs import rotate
from fairlead.system.home import Place


def instance(place, id, text=""):
    folder = place.instances / id
    folder.mkdir(parents=True)
    (folder / "log").write_text(text)
    return folder / "log"


def append(log, text):
    with open(log, "a") as file:
        file.write(text)


def texts(lines):
    return [line.text for line in lines]


def test_the_last_lines_then_what_comes(tmp_path):
    log = tmp_path / "log"
    log.write_text("one\ntwo\nthree\nha")
    follower, shown = Follower.at_end("a.web.1", log, 2)
    assert texts(shown) == ["two", "three"]
    append(log, "lf\nnext\n")
    assert texts(follower.read()) == ["half", "next"]
    assert follower.read() == []


def test_no_lines_at_first(tmp_path):
    log = tmp_path / "log"
    log.write_text("one\n")
    assert Follower.at_end("a.web.1", log, 0)[1] == []


def test_a_rotation_loses_nothing(tmp_path):
    log = tmp_path / "log"
    log.write_text("one\n")
    follower, _ = Follower.at_end("a.web.1", log, 0)
    for round in range(4):  # three files are kept: the fourth reuses the name of a removed one
        append(log, "x" * 1000 + "\n")
        assert len(follower.read()) == 1
        append(log, f"before {round}\n")
        assert rotate(log, largest=1)
        append(log, f"a {round}\n")
        assert texts(follower.read()) == [f"before {round}", f"a {round}"]


def test_a_rotation_that_has_copied_but_not_emptied_yet_is_not_read_twice(tmp_path):
    log = tmp_path / "log"
    log.write_text("one\n")
    follower, _ = Follower.at_end("a.web.1", log, 0)
    append(log, "two\n")
    (tmp_path / "log.1").write_text(log.read_text())
    assert texts(follower.read()) == ["two"]
    log.write_text("")
    assert follower.read() == []
    append(log, "three\n")
    assert texts(follower.read()) == ["three"]


def test_a_log_that_somebody_emptied(tmp_path):
    log = tmp_path / "log"
    (tmp_path / "log.1").write_text("old\n" * 100)
    log.write_text("one\ntwo\nthree\n")
    follower, _ = Follower.at_end("a.web.1", log, 0)
    log.write_text("new\n")
    assert texts(follower.read()) == ["new"]


def test_new_instances_join_and_old_ones_leave_with_their_last_words(tmp_path):
    place = Place(tmp_path / "shop" / "local")
    first = instance(place, "aaa.web.1", "old\n")
    logs = Logs(place, ("web",))
    lines = read_logs(logs, Wanted(5), True, pause=lambda seconds: None)
    assert next(lines).text == "old"
    append(first, "tail without end")
    instance(place, "bbb.web.1", "hello\n")
    instance(place, "bbb.worker.1", "not asked for\n")
    line = next(lines)
    assert (line.instance, line.text) == ("bbb.web.1", "hello")
    first.unlink()
    first.parent.rmdir()
    line = next(lines)
    assert (line.instance, line.text) == ("aaa.web.1", "tail without end")


def test_the_logs_of_fairlead_itself_only_by_name(tmp_path):
    place = Place(tmp_path / "shop" / "local")
    instance(place, "aaa.web.1", "app\n")
    (place.root / "keeper").mkdir()
    (place.root / "keeper" / "log").write_text("keeping\n")
    assert texts(read_logs(Logs(place), Wanted(5), False)) == ["app"]
    assert texts(read_logs(Logs(place, ("keeper",)), Wanted(5), False)) == ["keeping"]


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def marks_beside(log):
    return Marks(log.parent / "marks")


def mark(log, now=None):
    marks_beside(log).add(log, now)


def since(log, seconds, lines=None):
    return Follower.begun("a.web.1", log, Wanted(lines, at(seconds)), marks_beside(log))


def test_since_a_time_shows_what_came_behind_the_mark_before_it(tmp_path):
    log = tmp_path / "log"
    log.write_text("one\ntw")
    mark(log, 100)
    append(log, "o\nthree\n")
    mark(log, 160)
    append(log, "four\nfi")
    for when, seen in ((90, ["one", "two", "three", "four"]), (159, ["two", "three", "four"]), (160, ["four"])):
        follower, shown = since(log, when)
        assert texts(shown) == seen, when
        append(log, "ve\n") if when == 160 else None
    assert texts(follower.read()) == ["five"]
    assert texts(since(log, 90, 2)[1]) == ["four", "five"]
    assert texts(since(log, 90, 0)[1]) == []
    follower, shown = since(log, time.time() + 60)
    append(log, "six\n")
    assert (texts(shown), texts(follower.read())) == ([], ["six"])


def test_since_a_time_reads_what_was_set_aside(tmp_path):
    log = tmp_path / "log"
    for number in range(3):
        append(log, f"early {number}\n")
        mark(log, 100 * number + 10)
        append(log, f"late {number}\n")
        mark(log, 100 * number + 60)
        if number < 2:
            assert rotate(log, largest=1, marks=marks_beside(log))
            mark(log, 100 * number + 60)
    assert texts(since(log, 115)[1]) == ["late 1", "early 2", "late 2"]
    assert texts(since(log, 5)[1]) == [f"{word} {number}" for number in range(3) for word in ("early", "late")]
    follower, _ = since(log, 5)
    assert follower.read() == []


def test_marks_of_a_log_that_somebody_emptied_hide_nothing(tmp_path):
    log = tmp_path / "log"
    log.write_text("long enough\n" * 10)
    mark(log, 100)
    log.write_text("new\n")
    assert texts(since(log, 200)[1]) == ["new"]
    mark(log, 300)
    append(log, "newer\n")
    assert texts(since(log, 300)[1]) == ["newer"]


def test_marks_stay_small_and_few_where_nothing_is_written(tmp_path):
    log = tmp_path / "log"
    log.write_text("")
    mark(log, 1)
    assert not marks_beside(log).file(log).exists()
    marks = marks_beside(log).file(log)
    made = 0
    append(log, "x\n")
    mark(log, made)
    while marks.stat().st_size < LARGEST - 200:  # as one after the other would be, which takes long
        with marks.open("a") as file, log.open("a") as lines:
            for _ in range(10):
                made += 1
                lines.write("x\n")
                file.write(f"{made}.000 {2 * (made + 1)}\n")
    before = marks.stat().st_size
    for _ in range(60):
        made += 1
        append(log, "x\n")
        mark(log, made)
    assert marks.stat().st_size < before * 0.6  # every other one has gone
    assert len(since(log, made)[1]) == 0 and len(since(log, 0)[1]) == made + 1


def test_a_log_that_is_not_there(tmp_path):
    follower, shown = since(tmp_path / "log", 0)
    assert (shown, follower.read()) == ([], [])
    mark(tmp_path / "log")
    assert list(tmp_path.iterdir()) == []


def test_marks_go_with_what_they_are_of(tmp_path):
    place = Place(tmp_path / "shop" / "local")
    marks = Marks.of(place)
    logs = [instance(place, id, "x\n") for id in ("a.web.1", "b.web.1")]
    for log in logs:
        marks.add(log, 1)
        rotate(log, largest=1, marks=marks)
        append(log, "y\n")
        marks.add(log, 2)
    marks.tidy(logs[1:])
    assert sorted(file.name for file in marks.folder.iterdir()) == ["b.web.1.log", "b.web.1.log.1"]


def test_before_the_first_deployment_there_is_nothing_to_name(tmp_path):
    with pytest.raises(UsageError, match='no logs of "web"') as caught:
        Logs(Place(tmp_path / "shop" / "local"), ("web",)).require()
    assert caught.value.hint == "nothing has run there yet"
