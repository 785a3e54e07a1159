"""The keeper: a small loop that looks after one environment, under the environment's supervisord.

It holds little memory and does little: it waits for a sign that something happened (a process died, the ledger grew,
a log is large, a time has come) and then has the rounds done by a fork of itself, which loads what they need and is
gone when there was nothing to do for a while. Another fork, which nobody waits for, sends word of what happened.

It and supervisord watch each other: supervisord restarts a dead keeper, and a keeper that finds supervisord dead
starts a new one, hands over to the keeper that runs there, and ends. It also ends when another Fairlead was installed,
for supervisord to start one of that.
"""

from __future__ import annotations

import json
import os
import signal
import time
from types import FrameType

from fairlead.edges.traefik.revival import Revival
from fairlead.server.installed import Installed
from fairlead.server.liveness import Liveness
from fairlead.server.post import Post
from fairlead.server.signs import Signs, wait
from fairlead.server.verdict import Memory, Verdict, say
from fairlead.system.forks import Helper, Meanwhile
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

LOOK = 1.0  #: seconds between two looks for signs
AGAIN = 5.0  #: seconds until rounds that ended with an error are tried again
REST = 15.0  #: seconds until a fork that has nothing to do is gone; what happens seldom comes alone
SETTLE = 2.0  #: seconds until all files of another Fairlead are there, once one is


def serve(place: Place, supervised: bool = False) -> None:
    """Keep the environment until told to stop, or until its folder is gone.

    One keeper at a time: a second one waits for the first to end. `supervised`: supervisord started this one. That is
    said, not asked: supervisord may be dead before the keeper could ask, and then nobody else starts it again.
    """
    installed, lock = Installed(), FileLock(place.root / "keeper.lock")
    lock.acquire(f"fairlead serve, pid {os.getpid()}", blocking=True)
    wake = _wake_on_signals()
    say(f"keeping {place.project}/{place.environment}")
    signs, liveness, post, revival = Signs(place), Liveness(place, say), Post(place), Revival(place)
    helper = Helper(lambda memory: _rounds(place, supervised, memory), REST)

    def act() -> None:
        revival.look()
        liveness.check()
        post.look()

    meanwhile = Meanwhile(act, revival.pids)
    seen: object = None
    memory: Memory = {"not_before": {}, "patience": {}}
    due = time.monotonic()
    while place.root.exists():
        watched = signs.pids()  # part of the sign: one may end while nobody waits, or where ends cannot be waited for
        told, died = wait(wake, watched, LOOK)
        if told or (supervised and _makes_room(installed, wake)):
            break
        act()
        helper.look()
        now = signs.look(), watched
        if died or now != seen or time.monotonic() >= due:
            seen = now  # as it was before the rounds: what happens meanwhile is a sign for the next ones
            # rounds may take as long as a deployment; None: told to end
            answer = helper.ask(json.dumps(memory), wake, meanwhile=meanwhile)
            verdict = None if answer is None else _verdict(answer, memory)
            if verdict is None or verdict["end"]:
                break
            due, memory = time.monotonic() + verdict["due"], verdict["memory"]
    helper.end()
    post.end()
    lock.release()


def _makes_room(installed: Installed, wake: int) -> bool:
    """Whether this keeper ends for one of the Fairlead that is installed now."""
    if not installed.changed():
        return False
    say("another Fairlead was installed; a keeper of that one follows")
    wait(wake, set(), SETTLE)
    return True


def _rounds(place: Place, supervised: bool, memory: str) -> str:
    """All that are due, done in the fork: what came of them."""
    from fairlead.server.rounds import rounds  # noqa: PLC0415 — loaded in the fork alone

    return json.dumps(rounds(place, supervised, json.loads(memory)))


def _verdict(answer: str, memory: Memory) -> Verdict:
    if not answer:
        return {"due": AGAIN, "end": False, "memory": memory}
    verdict: Verdict = json.loads(answer)
    return verdict


def _wake_on_signals() -> int:
    """A pipe that becomes readable when the keeper is told to end."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def end(number: int, frame: FrameType | None) -> None:
        os.write(writing, b".")

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return reading
