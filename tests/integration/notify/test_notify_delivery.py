"""One thing is told once, to everybody who asked for it, whatever becomes of receivers and of whoever sends."""

import json
import signal
import subprocess
import sys

import pytest
from post_office import mailbox, rollouts, tell
from tests.receivers import TOKEN, dead, receiver, silent

from fairlead.ledger import Ledger
from fairlead.operations.notify import bookmark, log
from fairlead.operations.notify.carrier import AGAIN, Carrier, Pace
from fairlead.system.clock import wait_until

QUICK = Pace(limit=5.0, pause=0.01, gap=0.0)


def carry(place, name="HOOK", pace=QUICK):
    """All there is for one; how long it slept each time."""
    slept = []
    Carrier(place, f"webhook-{name}", pace, slept.append).carry()
    return [round(one, 3) for one in slept if one]


ALL = """
import sys
from pathlib import Path
from fairlead.operations.notify.carrier import Pace
from fairlead.operations.notify.rounds import carry_all
from fairlead.system.home import Place
print(carry_all(Place(Path(sys.argv[1])), Pace(limit=60.0, gap=0.0)))
"""


def everybody(place):
    """A process that brings all of them everything; forks, so that it must not be this one, which has threads."""
    return subprocess.Popen([sys.executable, "-c", ALL, str(place.root)], stdout=subprocess.PIPE, text=True)


def results(place):
    return [(one.result, one.tries) for one in log.read(place, 100)]


def test_each_thing_is_told_once(place):
    with receiver() as one:
        rollouts(place, "live")  # before anybody was to be told
        tell(place, HOOK=one.url)
        rollouts(place, "live", "undone")
        carry(place)
        carry(place)
        assert one.titles == [
            "shop/test: deploy of 000000000002 has started",
            "shop/test: 000000000002 is live",
            "shop/test: deploy of 000000000003 has started",
            "shop/test: deploy of 000000000003 failed",
        ]
        assert [each["type"] for each in one.got] == ["info", "success", "info", "failure"]
        assert [each["event"] for each in one.got] == ["started", "promoted", "started", "failed"]
        assert len({each["key"] for each in one.got}) == 4
        assert {each["path"] for each in one.got} == {f"/hook/{TOKEN}?key=k3y-in-the-query"}
        assert "reason: the smoke test failed" in one.got[-1]["message"]
    assert results(place) == [("sent", 1)] * 4


def test_only_what_was_asked_for(place):
    with receiver() as one:
        rollouts(place)
        tell(place, on=("failed",), HOOK=one.url)
        rollouts(place, "live", "undone", "live")
        carry(place)
        assert one.titles == ["shop/test: deploy of 000000000002 failed"]


def test_a_person_is_asked_once(place):
    with receiver() as one:
        rollouts(place)
        tell(place, on=("waiting",), HOOK=one.url)
        with Ledger.open(place.ledger) as ledger:
            ledger.append("rollout.begun", {"release": "abc", "operation": "deploy", "plan": []}, 1)
            for step in ("1:start", "2:approve"):
                ledger.append("step.begun", {"step": step, "what": ""}, 1)
            ledger.append("rollout.waiting", {"step": "2:approve", "reason": "approval"}, 1)
            ledger.append("step.begun", {"step": "2:approve", "what": ""}, 1)  # somebody goes on with it
            ledger.append("rollout.waiting", {"step": "3:watch", "reason": "too little is known"}, 1)
        carry(place)
        assert [each["message"].splitlines()[1] for each in one.got] == [
            "waits for: a person to approve it", "waits for: too little is known",
        ]  # fmt: skip


def test_a_new_receiver_is_told_from_now_on_and_an_old_one_goes_on(place):
    with receiver() as old, receiver() as new:
        rollouts(place)
        tell(place, on=("promoted",), OLD=old.url)
        rollouts(place, "live")
        tell(place, on=("promoted",), OLD="", NEW=new.url)  # the old address is not set where this is deployed
        rollouts(place, "live")
        carry(place, "OLD")
        carry(place, "NEW")
        assert old.titles == ["shop/test: 000000000001 is live", "shop/test: 000000000002 is live"]
        assert new.titles == ["shop/test: 000000000002 is live"]


def test_one_that_fails_is_tried_again_ever_less_often(place):
    with receiver(500, 503, 500) as one:
        rollouts(place)
        tell(place, on=("promoted",), HOOK=one.url)
        rollouts(place, "live")
        assert carry(place, pace=Pace(pause=15.0)) == [15, 45, 135]
        assert one.titles == ["shop/test: 000000000001 is live"]
    assert results(place) == [("failed", 1), ("failed", 2), ("failed", 3), ("sent", 4)]
    assert "error=500" in log.read(place, 9)[0].error


def test_a_dead_one_is_given_up(place):
    rollouts(place)
    tell(place, on=("promoted",), HOOK=dead())
    rollouts(place, "live")
    assert carry(place, pace=Pace(pause=15.0)) == [15, 45, 135, 405]
    assert results(place) == [*(("failed", number) for number in range(1, 6)), ("given up", 5)]
    assert "refused" in log.read(place, 1)[0].error
    carry(place)
    assert len(results(place)) == 6


def test_one_that_hangs_has_a_limit(place):
    with silent() as address:
        rollouts(place)
        tell(place, on=("promoted",), HOOK=address)
        rollouts(place, "live")
        carry(place, pace=Pace(limit=0.3, tries=2))
    assert results(place) == [("failed", 1), ("failed", 2), ("given up", 2)]


def test_an_address_that_is_none_is_given_up_at_once(place):
    rollouts(place)
    tell(place, on=("promoted",), HOOK="", OTHER=f"nonsense-{TOKEN}")
    rollouts(place, "live")
    carry(place, "HOOK")
    carry(place, "OTHER")
    assert [(one.result, one.error) for one in log.read(place, 9)] == [
        ("given up", "HOOK is not set"),
        ("given up", "what OTHER holds is no address that webhook takes"),
    ]


def test_many_messages_keep_their_distance_and_are_gathered(place):
    with receiver() as one:
        rollouts(place)
        tell(place, on=("promoted",), HOOK=one.url)
        rollouts(place, "live", "live", "live", "live")
        slept = carry(place, pace=Pace(gap=200.0, many=4, gather=6000.0))  # nobody sleeps here
        assert len(one.got) == 4
        assert all(100 < each <= 200 for each in slept)
        rollouts(place, "live", "live", "undone", "live")
        slept = carry(place, pace=Pace(gap=200.0, many=4, gather=6000.0))
        assert len(slept) == 1
        assert 5000 < slept[0] <= 6000
        assert one.titles[4:] == ["shop/test: 000000000008 is live and 2 more"]
        assert "- shop/test: 000000000006 is live" in one.got[-1]["message"]


KILLED = """
import os, signal, sys
from pathlib import Path
from fairlead.operations.notify import carrier
from fairlead.system.home import Place

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

send = carrier.send
def send_and_die(*arguments):
    send(*arguments)
    die()

carrier.send = {when}
carrier.Carrier(Place(Path(sys.argv[1])), "webhook-HOOK", carrier.Pace(gap=0.0)).carry()
"""


@pytest.mark.parametrize(("when", "arrived"), [("die", 0), ("send_and_die", 1)])
def test_killed_between_sending_and_writing_it_down(place, when, arrived):
    with receiver() as one:
        rollouts(place)
        tell(place, on=("promoted",), HOOK=one.url)
        rollouts(place, "live", "live")
        done = subprocess.run(
            [sys.executable, "-c", KILLED.format(when=when), str(place.root)], check=False, capture_output=True
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert len(one.got) == arrived
        carry(place)
        first, second = one.got[arrived:]  # the one that may have arrived once more, and said so; the other as ever
        assert AGAIN in first["message"]
        assert AGAIN not in second["message"]
        assert all(each["key"] == first["key"] for each in one.got[:arrived])
        carry(place)
        assert len(one.got) == arrived + 2


def test_killed_between_two_tries_it_counts_on(place):
    rollouts(place)
    tell(place, on=("promoted",), HOOK=dead())
    rollouts(place, "live")
    carrier = Carrier(place, "webhook-HOOK", QUICK, lambda seconds: sys.exit() if seconds else None)
    with pytest.raises(SystemExit):
        carrier.carry()  # ends in its first pause
    carry(place)
    assert results(place) == [*(("failed", number) for number in range(1, 6)), ("given up", 5)]
    assert not any(AGAIN in one.title for one in log.read(place, 9))


def test_a_damaged_bookmark_sends_no_history(place):
    with receiver() as one:
        rollouts(place)
        tell(place, on=("promoted",), HOOK=one.url)
        rollouts(place, "live")
        bookmark.path_of(place, "webhook-HOOK").write_text("{")
        carry(place)
        assert one.titles == []
        rollouts(place, "live")
        carry(place)
        assert one.titles == ["shop/test: 000000000002 is live"]


def test_a_receiver_that_hangs_keeps_no_other_waiting(place):
    with receiver() as good, silent() as bad:
        rollouts(place)
        tell(place, on=("promoted",), BAD=bad, GOOD=good.url)
        rollouts(place, "live")
        begun = everybody(place)
        assert wait_until(lambda: good.titles == ["shop/test: 000000000001 is live"], 240)
        rollouts(place, "live")
        assert wait_until(lambda: len(good.got) == 2, 240)
        assert wait_until(lambda: len(log.read(place, 9)) == 2, 240)  # it is written down after the answer
        assert begun.poll() is None
        begun.kill()
        begun.communicate()
        left = bookmark.load(place, "webhook-BAD", 0, 99)
        assert left.open
    assert [one.receiver for one in log.read(place, 9)] == ["webhook (GOOD)"] * 2


def test_it_ends_when_nothing_is_left_and_says_what_it_read(place):
    with receiver() as one:
        rollouts(place)
        tell(place, on=("promoted",), HOOK=one.url)
        rollouts(place, "live")
        done = json.loads(everybody(place).communicate(timeout=300)[0])
        assert done["again"] is None
        assert done["stamp"]
        assert len(one.got) == 1


def test_the_address_stands_in_one_file_that_only_its_user_reads(place):
    with receiver(500) as one:
        rollouts(place)
        tell(place, HOOK=one.url, DEAD=dead())
        rollouts(place, "live", "undone", reason=f"it said PASSWORD=hunter22 and https://u:{TOKEN}@example.com")
        carry(place)
        carry(place, "DEAD")
        assert "PASSWORD=********" in one.got[-1]["message"]
        assert f"u:{TOKEN}" not in one.got[-1]["message"]
    secrets = (TOKEN, "k3y-in-the-query", "hunter22")
    files = [path for path in place.notify.rglob("*") if path.is_file()]
    telling = [path.name for path in files if any(secret in path.read_text() for secret in secrets)]
    assert telling == ["addresses.json"]
    assert {path.stat().st_mode & 0o077 for path in (*files, place.notify)} == {0}


def test_the_log_stays_small(place):
    for number in range(200):
        log.append(place, log.line("slack (A)", "failed", ("k", "t" * 50), "sent", number), largest=2000)
    assert (place.notify / log.FILE).stat().st_size < 3000
    assert log.read(place, 1)[0].tries == 199


def test_mail(place):
    with mailbox() as (box, address):
        rollouts(place)
        tell(place, kind="e-mail", MAIL=f"mailto://{address}?from=fairlead@example.com&to=ops@example.com")
        rollouts(place, "undone", reason="line one\nlast log line")
        Carrier(place, "e-mail-MAIL", QUICK, lambda _: None).carry()
    assert results(place) == [("sent", 1)] * 2
    to, mail = box[-1]
    assert to == ["ops@example.com"]
    assert mail["subject"] == "shop/test: deploy of 000000000001 failed"
    text = "".join(part.get_content() for part in mail.walk() if part.get_content_type().startswith("text/"))
    assert "last log line" in text
