"""Which entry becomes which message, word for word."""

from dataclasses import replace

import pytest

from fairlead.ledger import Entry
from fairlead.operations.notify.message import KILLED, LONGEST_REASON, Message, Scene, digest, message_of

TIME = "2025-03-01T12:00:{:02d}.000000+00:00"
GIT = {"commit": "0123456789abcdef", "branch": "main", "dirty": False, "subject": "New checkout"}


def entry(kind, number=9, **data):
    return Entry(number, TIME.format(number), kind, 4, data, "", "")


def scene(operation="deploy", hidden=(), **data):
    origin = {"user": "ada", "host": "desk", "ci": None, "git": GIT}
    facts = {"release": "b" * 12, "previous": "a" * 12, "operation": operation, "origin": origin, "why": "", **data}
    return Scene("shop", "production", entry("rollout.begun", 1, **facts), hidden)


REPORT = {"requests": 120, "lost": 0, "application_errors": 2}


def test_a_promotion_word_for_word():
    told = message_of(entry("rollout.closed", result="live", seconds=125.4, report=REPORT), scene(why="sale begins"))
    assert told == Message(
        "shop/production#9",
        ("promoted",),
        "shop/production: bbbbbbbbbbbb is live",
        (
            "release bbbbbbbbbbbb (before: aaaaaaaaaaaa)",
            "commit 0123456789 on main: New checkout",
            "by ada@desk",
            "why: sale begins",
            "took 2 min 5 s, 120 requests meanwhile, 0 lost, 2 application errors",
            "rollout 4, 2025-03-01 12:00:09 UTC",
            "next: fairlead rollback production",
        ),
        "success",
    )


@pytest.mark.parametrize(
    ("kind", "what", "act"),
    [("log.stopped", "is not received any more", "doctor"), ("log.broken", "has a gap", "backup list")],
)
def test_what_becomes_of_a_log_is_told_as_a_failure(kind, what, act):
    told = message_of(entry(kind, store="db", reason="it is full"), scene())
    assert (told.title, told.events) == (f"shop/production: the log of db {what}", ("failed",))
    assert told.lines == ("reason: it is full", "2025-03-01 12:00:09 UTC", f"next: fairlead {act} production")


def test_a_failure_word_for_word():
    reason = "web does not become ready\n  last lines:\n  KeyError: DATABASE_PASSWORD=hunter22 s3cret-value"
    closed = entry("rollout.closed", result="undone", reason=reason, incomplete=["job seed"])
    told = message_of(closed, scene(hidden=("s3cret-value",)))
    assert told.title == "shop/production: deploy of bbbbbbbbbbbb failed, aaaaaaaaaaaa stays live"
    assert told.severity == "failure"
    assert told.lines[3:] == (
        "reason: web does not become ready\n  last lines:\n  KeyError: DATABASE_PASSWORD=******** ********",
        "could not be taken back: job seed",
        "took 8.0 s",
        "rollout 4, 2025-03-01 12:00:09 UTC",
        "next: fairlead status production",
    )


CASES = [
    ("rollout.begun", {}, "deploy", ("started",), "deploy of bbbbbbbbbbbb has started"),
    ("rollout.begun", {}, "rollback", ("started",), "rollback to bbbbbbbbbbbb has started"),
    ("rollout.begun", {}, "promote", ("started",), "promotion of bbbbbbbbbbbb has started"),
    ("rollout.waiting", {"reason": "approval"}, "deploy", ("waiting",), "deploy of bbbbbbbbbbbb is waiting"),
    ("rollout.closed", {"result": "live"}, "rollback", ("rolled-back",), "rolled back to bbbbbbbbbbbb"),
    (
        "rollout.closed", {"result": "live", "recovered": True}, "deploy", ("recovered", "promoted"),
        "bbbbbbbbbbbb is live, finished after its deployer was killed",
    ),
    (
        "rollout.closed", {"result": "undone", "reason": KILLED}, "deploy", ("recovered", "failed"),
        "deploy of bbbbbbbbbbbb was undone: its deployer was killed",
    ),
    (
        "watch.ended", {"release": "bbbbbbbbbbbb", "result": "told", "reason": "x"}, "deploy", ("failed",),
        "bbbbbbbbbbbb is live and bad",
    ),
    (
        "watch.ended", {"release": "bbbbbbbbbbbb", "result": "failed", "reason": "x"}, "deploy", ("failed",),
        "bbbbbbbbbbbb is live and bad, and cannot be rolled back",
    ),
    (
        "rollout.closed", {"result": "undone", "reason": "x"}, "rollback", ("failed", "rolled-back"),
        "rollback to bbbbbbbbbbbb failed, aaaaaaaaaaaa stays live",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "operation", "events", "title"), CASES)
def test_what_it_is(kind, data, operation, events, title):
    told = message_of(entry(kind, **data), scene(operation))
    assert (told.events, told.title) == (events, f"shop/production: {title}")
    assert [told.event((event,)) for event in events] == list(events)
    assert told.event(()) is None


def test_an_approval_is_asked_for_when_its_step_begins():
    asked = message_of(entry("step.begun", step="5:approve"), replace(scene(), hold_for=1800.0))
    assert asked.title == "shop/production: deploy of bbbbbbbbbbbb is waiting"
    assert asked.lines[3:] == (
        "waits for: a person to approve it, until 2025-03-01 12:30:09 UTC; then its command ends",
        "rollout 4, 2025-03-01 12:00:09 UTC",
        "next: fairlead approve production",
    )
    assert message_of(entry("rollout.waiting", step="5:approve", reason="approval"), scene()) is None


def test_what_waits_for_evidence_is_told_when_its_command_has_ended():
    told = message_of(entry("rollout.waiting", step="4:watch", reason="too few requests: 3 of 40"), scene())
    assert told.lines[3] == "waits for: too few requests: 3 of 40"


@pytest.mark.parametrize("kind", ["step.begun", "rollout.committed", "environment.stopped", "rollout.order"])
def test_nothing_to_tell(kind):
    assert message_of(entry(kind), scene()) is None


def test_who_of_a_ci_job_and_an_origin_that_says_nothing():
    ci = {"ci": {"name": "GitHub Actions", "job": "release", "run": "7", "user": "ada"}}
    assert "by GitHub Actions release ada" in message_of(entry("rollout.begun"), scene(origin=ci)).lines
    watch = {"user": "root", "host": "server", "automatic": "watch"}
    assert "by Fairlead itself (watch)" in message_of(entry("rollout.begun"), scene("rollback", origin=watch)).lines
    lines = message_of(entry("rollout.begun"), scene(origin={}, previous=None)).lines
    assert lines[0] == "release bbbbbbbbbbbb"
    assert not any(line.startswith(("by", "commit", "why")) for line in lines)


def test_of_a_long_reason_both_ends_are_told():
    closed = entry("rollout.closed", result="undone", reason=f"first {'x' * 9000} last")
    reason = message_of(closed, scene()).lines[3]
    assert len(reason) < LONGEST_REASON + 30
    assert reason.startswith("reason: first")
    assert reason.endswith("last")


def test_a_digest_tells_the_last_one_whole_and_of_what_it_stands_for():
    many = [message_of(entry("rollout.closed", number, result="live"), scene()) for number in range(2, 10)]
    many[3] = message_of(entry("rollout.closed", 5, result="undone", reason="no"), scene())
    one = digest(many)
    assert one.title == "shop/production: bbbbbbbbbbbb is live and 7 more"
    assert one.severity == "failure"
    assert one.key == "shop/production#9"
    assert one.lines[-7:] == (
        "and 7 more since the last message:",
        "- shop/production: bbbbbbbbbbbb is live",
        "- shop/production: deploy of bbbbbbbbbbbb failed, aaaaaaaaaaaa stays live",
        *["- shop/production: bbbbbbbbbbbb is live"] * 3,
        "- and 2 before those",
    )
    assert digest(many[:1]) is many[0]


def test_what_the_schedule_could_not_read():
    wrong = ["shop.dump.age of backup one is damaged"]
    told = message_of(entry("verify.done", store="db", ok=False, wrong=wrong, why="schedule"), scene())
    assert told.title == "shop/production: reading the backups of db failed"
    assert told.lines[0] == "reason: shop.dump.age of backup one is damaged"
    assert told.lines[-1] == "next: fairlead backup verify production db"
    assert message_of(entry("verify.done", store="db", ok=False, wrong=wrong, why="by hand"), scene()) is None


def test_isolation_that_broke_overnight():
    found = [{"role": "shop_web", "what": "has BYPASSRLS"}]
    told = message_of(entry("isolation.checked", database="db.shop", why="schedule", ok=False, breaches=found), scene())
    assert told.title == "shop/production: isolation of db.shop broke"
    assert told.lines[0] == "reason: shop_web has BYPASSRLS"
    assert told.lines[-1] == "next: fairlead db isolation production db.shop"
    for ok in (True, None):
        assert message_of(entry("isolation.checked", database="db.shop", why="schedule", ok=ok), scene()) is None
