"""The checks of what must hold find what does not."""

from fairlead.ledger import Ledger
from fairlead.project.stack import Rotate
from fairlead.secrets.rotation import journal
from fairlead.secrets.rotation.invariants import Sight, Terms, badly_written, broken, too_close
from fairlead.secrets.rotation.journal import Journal, Moment
from fairlead.secrets.rotation.kinds.table import KINDS


def sight(at, held, accepted):
    return Sight(at, frozenset(held.split()), frozenset(accepted.split()), f"t{at}")


def test_a_rotation_in_the_right_order_is_fine():
    seen = [sight(0, "a", "a"), sight(1, "a", "a b"), sight(3, "b", "a b"), sight(6, "b", "b")]
    assert broken(seen) == [] and broken(seen, Terms(hold=3, cache=2)) == []


def test_what_is_held_and_refused_is_found():
    assert broken([sight(0, "a", "a"), sight(1, "a", "b")]) == ["I1: ['a'] may be held and is refused after t1"]
    soon = [sight(0, "a", "a b"), sight(1, "b", "a b"), sight(2, "b", "b")]
    assert broken(soon) == [] and len(broken(soon, Terms(hold=5))) == 1


def test_what_is_used_before_it_is_known_is_found():
    seen = [sight(0, "a", "a"), sight(1, "a", "a b"), sight(2, "b", "a b")]
    assert broken(seen, Terms(cache=1)) == []
    assert broken(seen, Terms(cache=2)) == ["I1: ['b'] is used after t2, before everybody who checks can know it"]


def test_what_is_written_badly_is_found(tmp_path):
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        plan = KINDS["plain"].plan("K", Rotate())
        one = Journal.begin(ledger, "K", plan, {"why": "a value"})
        one.write(journal.DONE, plan[1], at=Moment.now().to_data())
        one.close("undone", {"reason": ""})
        found = badly_written(ledger.entries(), ["a value"])
    assert [line.partition(":")[0] for line in found] == ["I3", "I3", "I4"]


def test_two_that_are_too_close_are_found(tmp_path):
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        plan = KINDS["plain"].plan("K", Rotate())
        Journal.begin(ledger, "K", plan, {}).close("rotated", {})
        Journal.begin(ledger, "K", plan, {"emergency": True}).close("rotated", {})
        assert too_close(ledger.entries(), "K", 60) == []
        Journal.begin(ledger, "K", plan, {}).close("rotated", {})
        assert len(too_close(ledger.entries(), "K", 60)) == 1
        assert too_close(ledger.entries(), "K", 0) == []
