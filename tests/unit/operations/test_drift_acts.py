"""What mends what was found, and in which order; what is left to a person."""

from fairlead.cli.drift import shown
from fairlead.operations.drift.acts import AWAY, Act, plan
from fairlead.operations.drift.look import Drift, beside_jobs
from fairlead.runtimes.base import Deviation


def planned(*found):
    return [str(act) for act in plan(Deviation(where, what) for where, what in found)]


def test_first_what_others_stand_on_then_what_is_missing_and_the_keeper_last():
    assert planned(
        ("keeper", "missing"), ("edge", "rules"), ("edge", "traffic"), ("traefik", "image"), ("r1.web.3", "extra"),
        ("r1.web.1", "image"), ("r1.web.1", "mounts"), ("r1.web.2", "missing"), ("store db", "missing"),
        ("supervisord", "missing"),
    ) == [
        "start supervisord", "start store db", "start r1.web.2", "replace r1.web.1", "end r1.web.3", "replace traefik",
        "tell the edge who gets what", "start keeper",
    ]  # fmt: skip


def test_parts_of_the_edge():
    assert planned(("door", "missing"), ("traefik", "missing")) == ["start door", "start traefik"]
    assert planned(("door", "networks")) == ["have the door in its own networks alone"]
    assert planned(("door", "ports")) == [AWAY]
    assert plan([Deviation("traefik", "networks")]) == (Act("replace", "traefik"),)


def test_a_job_that_runs_is_never_ended():
    found = [Deviation("r1.move.1", "extra"), Deviation("r1.web.9", "extra"), Deviation("r1.move.1", "image")]
    told = list(beside_jobs(found, {"r1.move.1"}, declared=False))
    assert [(one.where, one.what) for one in told] == [(one.where, one.what) for one in found]
    assert [str(act) for act in plan(told[:2])] == ["end r1.web.9"]
    assert list(beside_jobs(found, {"r1.move.1"}, declared=True)) == found[1:]


def test_what_is_left_to_a_person():
    left = [
        ("store db", "mounts"), ("store db", "not made"), ("network shop-local-database", "stranger"),
        ("artifact 0123456789ab", "files"), ("traefik", "somebody else's file"),
    ]  # fmt: skip
    assert planned(*left) == []


def test_an_environment_that_is_stopped_is_not_said_to_run():
    said = shown(Drift("live", "r1", stopped=True))
    assert said == "live is stopped, and not looked at; `fairlead up live` brings it back"
    assert "runs as it was deployed" in shown(Drift("live", "r1"))
