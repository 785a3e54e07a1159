"""What `fairlead status` says of traffic, and of what is stopped."""

from dataclasses import replace

from fairlead.cli.status import _traffic, shown
from fairlead.operations.status import Copy, Status
from fairlead.rollout.state import State
from fairlead.runtimes.base import Instance


def test_where_the_edge_listens():
    found = Status("shop", "local", traffic={"/": {"0123456789ab": 100}}, address=("::1", 8080))
    assert _traffic(found) == "traffic at http://[::1]:8080: 0123456789ab 100 %"


def test_what_still_runs_of_what_was_stopped():
    """Whoever stops it may be killed in the middle, and what takes no requests works on unseen."""
    one = Instance("r1.clock.1", "r1", "clock", 1, None, "running", verified=True, starts=1)
    found = Status("shop", "local", State(live="r1", stopped=True), copies=(Copy(one, 1.0),))
    assert "it was not stopped to the end: r1.clock.1; `fairlead stop local`" in shown(found)
    over = Copy(replace(one, phase="stopped"), None)
    assert replace(found, holder="fairlead stop").problems == replace(found, copies=(over,)).problems == ()
