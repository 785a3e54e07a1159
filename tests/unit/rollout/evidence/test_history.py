"""The history of the live release, from samples that were thinned out, torn, or of another edge."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fairlead.edges.counters import Counters, PoolCounts
from fairlead.edges.fake import FakeEdge
from fairlead.project.stack import LATENCY_BUCKETS
from fairlead.rollout.evidence.history import history, per_minute
from fairlead.rollout.evidence.samples import COARSE, FINE, KEPT, Sample, file_of, read, sample, thinned
from fairlead.rollout.verdict.evidence import History
from fairlead.runtimes.fake import FakeRuntime
from fairlead.system.home import Place

NOW = time.time()


def counts(requests: int, errors: int = 0) -> PoolCounts:
    codes = {200: requests - errors} | ({502: errors} if errors else {})
    return PoolCounts(codes, (requests - errors, errors))


def at(ago: float, requests: int, errors: int = 0, release: str = "a", **more: object) -> Sample:
    """Errors are slow ones."""
    bounds = more.pop("bounds", (0.1, 0.3))
    counters = Counters({f"web-{release}": counts(requests, errors)}, bounds=bounds, started=more.pop("started", 1.0))  # type: ignore[arg-type]
    return Sample(NOW - ago, 200_000 - ago, release, counters, **more)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "shop" / "test")
    place.create()
    return place


def wrote(place: Place, *samples: Sample) -> None:
    file_of(place).write_text("".join(one.line() for one in samples))


def asked(place: Place) -> tuple[int, int, int | None, float]:
    found = history(place, "a", ("web",), 0.1)
    one = found.services["web"]
    return one.requests, one.errors, one.slow, found.seconds


def test_differences_of_one_release(place: Place) -> None:
    wrote(place, at(600, 5, 5), at(300, 100, 6), at(60, 200, 9))
    assert asked(place) == (195, 4, 4, 540)
    assert per_minute(place, ("web", "api")) == pytest.approx({"web": 195 / 9, "api": 0})


def test_nothing_known(place: Place) -> None:
    assert history(place, "a", ("web",), 0.1) == History()
    assert per_minute(place, ("web",)) == {}
    wrote(place, at(60, 5))
    assert history(place, "a", ("web",), 0.1) == History()


def test_what_is_not_its_own_is_left_out(place: Place) -> None:
    wrote(
        place,
        at(90_000, 0), at(86_500, 1000, 900),  # more than a day ago
        at(5000, 2000, 950), at(4900, 2100, 950), at(4800, 2000, 950),  # a count went back
        at(3000, 10, started=50.0), at(2900, 30, 2, started=50.0),  # the edge was restarted
        at(2000, 5, 5, "b", started=50.0), at(1900, 50, 50, "b", started=50.0),
        at(1000, 40, 2, started=50.0, last=True), at(100, 90, 50, started=50.0), at(0, 100, 50, started=50.0),
    )  # fmt: skip
    assert asked(place) == (100 + 20 + 10 + 10, 2, 2, 100 + 100 + 1900 + 100)


def test_other_buckets_are_left_out(place: Place) -> None:
    wrote(place, at(300, 0, bounds=(0.2, 0.5)), at(200, 50, bounds=(0.2, 0.5)), at(100, 60), at(0, 70))
    assert asked(place) == (10, 0, 0, 100)


@pytest.mark.parametrize(
    "damage",
    [
        "{}", "[]", "7", "null", "not json", '{"at": 1', "[" * 100_000,
        at(1, 5).line().replace("5", "NaN"), at(1, 5).line().replace(":5", ":-5"),
        at(1, 5).line().replace('"200":5', '"200":1e300'), at(1, 5).line().replace('"200":5', '"200":true'),
        at(1, 5).line()[:40],
    ],
    ids=range(12),  # some have the time in them
)  # fmt: skip
def test_damaged_lines_are_skipped(place: Place, damage: str) -> None:
    lines = [at(300, 0).line(), damage.rstrip() + "\n", at(0, 60, 1).line()]
    file_of(place).write_bytes(b"\xff\xfe\n" + "".join(lines).encode())
    assert asked(place) == (60, 1, 1, 300)


def test_thinned_it_says_the_same(place: Place) -> None:
    whole = [at(ago, 100_000 - int(ago), 0) for ago in range(int(KEPT) + 3600, 0, -60)]
    kept = thinned(whole, NOW)
    assert len(kept) < (KEPT - FINE) / COARSE + FINE / 60 + 10
    assert thinned(kept, NOW) == kept
    wrote(place, *whole)
    before = asked(place)
    wrote(place, *kept)
    assert asked(place) == pytest.approx(before, rel=0.01)
    marked = [at(7300, 1), at(7240, 2, last=True), at(7180, 3), at(7120, 4)]
    assert thinned(marked, NOW) == marked, "the ends of a run stay"


def test_a_sample_a_minute(place: Place) -> None:
    edge = FakeEdge(FakeRuntime(), running=True, counts={"web-a": PoolCounts({200: 5}, (5,) + (0,) * 16)})
    path = file_of(place)
    for _ in range(3):
        sample(place, edge, "a", ("web",))
    [one] = read(path)
    assert one.counters == Counters(edge.counts, bounds=LATENCY_BUCKETS, started=1.0)
    assert path.stat().st_mode & 0o077 == 0
    os.utime(path, (NOW - 56, NOW - 56))
    sample(place, edge, "a", ("web",))
    sample(place, edge, "a", ("web",), last=True)
    assert [one.last for one in read(path)] == [False, False, True]
    os.utime(path, (NOW + 9999, NOW + 9999))
    sample(place, edge, "a", ("web",))
    assert len(read(path)) == 4, "a clock that was set back"


def test_a_torn_line_does_not_take_the_next_one_with_it(place: Place) -> None:
    edge = FakeEdge(FakeRuntime(), running=True)
    file_of(place).write_text(at(60, 5).line() + '{"at": 17')
    sample(place, edge, "a", ("web",), last=True)
    assert len(read(file_of(place))) == 2


def test_no_sample_is_no_error(place: Place) -> None:
    edge = FakeEdge(FakeRuntime(), running=True, silent="busy")
    sample(place, edge, "a", ("web",))
    assert not file_of(place).exists()
    file_of(place).mkdir()
    edge.silent = ""
    sample(place, edge, "a", ("web",), last=True)
    assert history(place, "a", ("web",), 0.1) == History()
