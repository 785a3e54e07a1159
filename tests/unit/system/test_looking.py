"""What is looked at while something else goes on."""

import threading

from fairlead.system.looking import looking


def test_it_looks_until_the_block_ends():
    seen = threading.Semaphore(0)
    with looking(seen.release, 0.001, "one that never sees enough"):
        for _ in range(3):
            assert seen.acquire(timeout=60)
    assert "one that never sees enough" not in {thread.name for thread in threading.enumerate()}


def test_who_has_seen_enough_looks_no_more():
    looks, enough = [], threading.Event()

    def look():
        looks.append(1)
        if len(looks) == 2:
            enough.set()
        return len(looks) == 2

    with looking(look, 0.001, "one that sees enough"):
        assert enough.wait(60)
        for thread in threading.enumerate():
            if thread.name == "one that sees enough":
                thread.join(60)
    assert len(looks) == 2
