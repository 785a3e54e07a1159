"""What status, history and verdict read from the ledger."""

import json
from pathlib import Path

import pytest

from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.history import history
from fairlead.operations.under_way import under_way
from fairlead.operations.verdicts import recording, recordings, replay, shadow_report, verdicts
from fairlead.project.stack import Judge
from fairlead.rollout.evidence.recording import Recording, Subject
from fairlead.rollout.journal import Journal
from fairlead.rollout.orders import give
from fairlead.rollout.state import WATCH_ENDED
from fairlead.rollout.steps import Shares, Step, numbered
from fairlead.rollout.verdict.evidence import History, Probes, Side, Tick
from fairlead.rollout.verdict.verdict import Verdict
from fairlead.system.home import Place

ACTOR = {"user": "ada", "host": "loom"}
GOOD = Verdict("promote", "", "canary 0 errors in 300", {"services": {}})
BAD = Verdict("abort", "errors", "canary 14 errors in 212", {})
PLAN = numbered([
    Step("route", "new", shares=Shares((("old", 90), ("new", 10)))),
    Step("watch", "new", seconds=60, stable="old"),
    Step("approve", "new"),
    Step("commit", "new"),
])  # fmt: skip


@pytest.fixture
def place(tmp_path):
    found = Place(tmp_path / "shop" / "production")
    found.create()
    return found


@pytest.fixture
def ledger(place):
    with Ledger.open(place.ledger) as opened:
        yield opened


def begun(ledger, plan=PLAN, **facts):
    given = {"release": "new", "previous": "old", "operation": "deploy", "strategy": "canary", "origin": ACTOR}
    return Journal.begin(ledger, plan, given | facts)


def waiting(ledger):
    journal = begun(ledger)
    for step in PLAN[:2]:
        journal.step("step.begun", step)
        journal.step("step.done", step)
    journal.verdict(PLAN[1], GOOD)
    journal.step("step.begun", PLAN[2])
    journal.wait(PLAN[2], PLAN[0].shares, "new waits for a person to approve it", {})
    return journal


def test_nothing_is_under_way_where_nothing_was_deployed(tmp_path):
    nowhere = Place(tmp_path / "shop" / "production")
    assert under_way(nowhere) is None and verdicts(nowhere) is None and shadow_report(nowhere) is None


def test_a_rollout_that_waits(place, ledger):
    waiting(ledger)
    found = under_way(place)
    assert (found.waiting, found.weight, found.gate) == ("new waits for a person to approve it", 10, True)
    assert found.since and found.said.verdict == GOOD
    assert [line.split()[1] for line, _ in found.acts()] == ["approve", "promote", "abort"]
    assert json.dumps(found.to_data())
    event = history(place)[0]
    assert (event.result, event.reason) == ("waiting", "new waits for a person to approve it")


def test_a_rollout_that_somebody_goes_on_with(place, ledger):
    waiting(ledger).resume()
    found = under_way(place)
    assert not found.waiting and found.gate and found.step == "wait until a person approves new"
    assert history(place)[0].result == "unfinished"


def test_a_rollout_that_was_told_to_pause(place, ledger):
    journal = begun(ledger)
    journal.step("step.begun", PLAN[0])
    assert [line.split()[1] for line, _ in under_way(place).acts()] == ["pause", "promote", "abort"]
    give(ledger, journal.rollout, "pause", ACTOR, "one moment")
    found = under_way(place)
    assert found.paused == "pause by ada@loom: one moment"
    assert [line.split()[1] for line, _ in found.acts()] == ["resume", "promote", "abort"]


def test_a_rollout_on_its_way_back_takes_no_orders(place, ledger):
    begun(ledger).undoing("a step failed")
    assert under_way(place).ended and under_way(place).acts() == ()


def test_history_says_who_said_what_and_what_the_evidence_said(place, ledger):
    journal = waiting(ledger)
    give(ledger, journal.rollout, "approve", ACTOR, "fine")
    journal.resume()
    journal.close("live", {"seconds": 2.5, "report": {"lost": 0}})
    ledger.append("rollout.verdict", {"step": "watch", **BAD.to_data()}, journal.rollout)
    back = begun(ledger, release="old", previous="new", operation="rollback", why=BAD.text,
                 origin=ACTOR | {"automatic": "watch"})  # fmt: skip
    back.close("live", {})
    data = {"release": "new", "result": "rolled back", "reason": BAD.text, "verdict": BAD.to_data()}
    ledger.append(WATCH_ENDED, data, journal.rollout)
    rolled_back, event = history(place)
    assert (rolled_back.automatic, rolled_back.why, rolled_back.result) == ("watch", BAD.text, "live")
    assert [(one["order"], one["by"], one["why"]) for one in event.orders] == [("approve", "ada@loom", "fine")]
    assert event.verdict["text"] == GOOD.text and event.watch == {"result": "rolled back", "reason": BAD.text}
    assert (event.result, event.reason, event.seconds) == ("live", None, 2.5)
    judged = verdicts(place)
    assert [(one.step, one.verdict) for one in judged.said] == [("2:watch", GOOD), ("watch", BAD)]
    assert judged.ended["result"] == "rolled back" and (judged.release, judged.previous) == ("new", "old")


def test_what_a_shadow_came_to(place, ledger):
    plan = numbered([Step("watch", "new", seconds=60, stable="old", mode="shadow")])
    journal = begun(ledger, plan)
    assert shadow_report(place) is None
    journal.verdict(plan[0], GOOD)
    assert shadow_report(place).differences == ()
    found = [{"path": "/", "what": "type", "stable": "text/html", "canary": "text/plain"}]
    ledger.append("rollout.shadow", {"differences": found}, journal.rollout)
    begun(ledger).verdict(PLAN[1], BAD)  # a later one without a shadow
    assert shadow_report(place).said.verdict == GOOD and list(shadow_report(place).differences) == found


def recorded(folder, ticks, mode="canary"):
    made = Recording(folder, Subject(1, "new", "old", mode, Judge(), History()))
    for one in ticks:
        made.add(one)
    return made.path


def tick(canary, stable):
    return Tick(1.0, 50.0, {"web": Side(*canary)}, {"web": Side(*stable)}, Probes())


@pytest.mark.parametrize(
    ("ticks", "mode", "move", "end"),
    [
        ([tick((50, 0), (50, 0))] * 10, "canary", "go", "all users would have got it"),
        ([tick((1, 0), (1, 0))], "canary", "wait", "waited for a person"),
        ([tick((50, 25), (50, 0))] * 10, "canary", "fail", "taken back"),
        ([tick((50, 0), (0, 0))], "watch", "go", "would have stayed"),
        ([], "canary", "wait", "waited for a person"),
    ],
)
def test_a_recording_is_judged_again(tmp_path, ticks, mode, move, end):
    found = replay(recorded(tmp_path, ticks, mode))
    assert found.move == move and end in found.end
    assert (found.last is None) == (not ticks)
    if move == "fail":  # it would have ended there
        assert found.seconds < 10 and found.changes[-1][1].kind == "abort"


def test_another_policy_judges_otherwise(tmp_path):
    path = recorded(tmp_path, [tick((50, 0), (50, 0))] * 10)
    assert replay(path, Judge(errors_below=0.0001)).move == "wait"
    assert replay(path, Judge(errors_below=0.0001, insufficient="abort")).move == "fail"


def test_a_recording_is_found_by_its_name(place):
    path = recorded(place.root / "evidence", [tick((1, 0), (1, 0))])
    assert recordings(place) == recordings(place, 1) == (path,) and recordings(place, 2) == ()
    assert recording(place, Path(path.name)) == path
    assert recording(place, Path("nothing.jsonl")) == Path("nothing.jsonl")


def test_what_is_no_recording_is_said(tmp_path):
    (tmp_path / "x.jsonl").write_text("{}\n")
    with pytest.raises(FairleadError, match=r"x\.jsonl"):
        replay(tmp_path / "x.jsonl")
