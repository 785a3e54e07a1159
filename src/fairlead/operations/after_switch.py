"""What the keeper judges after the switch: the live release, against what the one before it answered.

It goes back by itself, and only where that helps: to a release that fails in the same way it does not. What is known
is kept in a file, for the keeper that comes after this one; without the file it begins anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.artifacts import describe_actor
from fairlead.errors import Busy, FairleadError
from fairlead.operations.environment import Environment
from fairlead.operations.rollback import back_to
from fairlead.rollout.evidence.recording import Subject
from fairlead.rollout.journal import VERDICT
from fairlead.rollout.state import WATCH_ENDED, Watched
from fairlead.rollout.verdict.verdict import Verdict
from fairlead.runtimes.base import Instance
from fairlead.system.files import read_json, write_json
from fairlead.system.lock import FileLock

if TYPE_CHECKING:
    from fairlead.rollout.bench import Bench

RESTARTS = 3  #: of one instance during a watch that are a crash loop
TRIES = 3  #: to go back, before it is left to a person


@dataclass
class AfterSwitch:
    """The watch of the live release, as far as this process knows it."""

    environment: Environment
    _watched: Watched | None = None
    _bench: Bench | None = None
    _starts: dict[str, int] = field(default_factory=dict)
    _said: tuple[str, str] | None = None
    _failed: int = 0  #: tries to go back

    def look(self, idle: Callable[[], bool]) -> None:
        """One look; `idle` is whether no rollout is under way. Nothing while somebody else changes the environment."""
        watched = self.environment.state.watched
        if watched is None or not idle() or FileLock(self.environment.place.lock).held():
            self.close()
            return
        verdict = self._judged(watched)
        objection = self._crash_loop(watched) or (verdict.text if verdict.kind == "abort" else "")
        if objection and self._previous_fails_too(watched):
            objection, verdict = "", self._blame_both(watched, verdict)
        if objection or watched.left() <= 0:
            with self.environment.held("keeper", wait=0):
                if idle() and self.environment.state.watched == watched:
                    self._end(watched, verdict, objection)

    def _judged(self, watched: Watched) -> Verdict:
        bench = self._bench
        if self._watched != watched or bench is None:
            bench = self._open(watched)
        tick = bench.tick()
        if not all(one.living and one.verified for one in self._instances(watched)):
            tick = replace(tick, trouble="instances of it are being started")
        verdict = bench.judge(tick)
        self._write_down(watched, verdict)
        self._keep(watched, bench)
        return verdict

    def _open(self, watched: Watched) -> Bench:
        from fairlead.rollout.bench import Bench, trial_of  # noqa: PLC0415 — seldom needed

        self.close()
        world, known = self.environment.world, self._known(watched)
        release = world.releases.load(watched.release)
        policy = release.stack.rollout.judge
        history = world.history(watched.previous, policy.over)
        trial = trial_of(release, "watch", history, known.get("trial"))
        subject = Subject(watched.rollout, watched.release, watched.previous, "watch", policy, history)
        self._bench = Bench(world, release, subject, trial, known.get("seen"))
        self._starts = known.get("starts") or {one.id: one.starts for one in self._instances(watched)}
        self._watched = watched
        return self._bench

    def _instances(self, watched: Watched) -> list[Instance]:
        found = self.environment.world.runtime.observe()
        return [one for one in found if one.release == watched.release and not one.job]

    def _crash_loop(self, watched: Watched) -> str:
        for one in self._instances(watched):
            restarts = one.starts - self._starts.get(one.id, one.starts)
            if one.phase == "failed" or restarts >= RESTARTS:
                tail = self.environment.world.runtime.log_tail(one.id, 10).strip()
                return f"{one.id} is in a crash loop: started again {restarts} times" + (f"\n{tail}" if tail else "")
        return ""

    def _previous_fails_too(self, watched: Watched) -> bool:
        """Whether what both depend on is bad, as far as that can be asked: going back would help nobody."""
        from fairlead.rollout.checks import judge  # noqa: PLC0415 — brings HTTP
        from fairlead.rollout.evidence.probes import probe_tests  # noqa: PLC0415 — the same

        world = self.environment.world
        previous = world.releases.load_or_none(watched.previous)
        if previous is None or watched.previous not in self.environment.state.warm_now():
            return False
        header = world.edge.release_header(watched.previous)
        tests = probe_tests(previous.stack)
        return any(judge(one, world.edge.ask(one.path, one.host, dict(header), one.timeout)) for one in tests)

    def _blame_both(self, watched: Watched, verdict: Verdict) -> Verdict:
        """Not its fault: begin to count anew."""
        held = replace(verdict, kind="hold", cause="environment", text=f"the release before fails too: {verdict.text}")
        self._write_down(watched, held)
        with contextlib.suppress(OSError):
            if path := self._file():
                path.unlink(missing_ok=True)
        self.close()
        return held

    def _end(self, watched: Watched, verdict: Verdict, objection: str) -> None:
        result, world = ("told" if objection else "passed"), self.environment.world
        if objection:
            world.say("failed", objection)
        if objection and watched.rollback:
            result = self._go_back(watched, objection)
        data = {"release": watched.release, "result": result, "reason": objection, "verdict": verdict.to_data()}
        self.environment.ledger.append(WATCH_ENDED, data, watched.rollout)
        world.say("note", f"the watch of {watched.release} is over: {result}")
        self.close()

    def _go_back(self, watched: Watched, objection: str) -> str:
        """What came of it; raises while it is worth another try."""
        self.close()
        try:
            back_to(self.environment, watched.previous, objection, describe_actor() | {"automatic": "watch"})
        except Busy:
            raise
        except FairleadError as error:
            self._failed += 1
            if self._failed < TRIES:
                raise
            self.environment.world.say("failed", f"cannot go back to {watched.previous}: {error.message}")
            return "failed"
        return "rolled back"

    def _write_down(self, watched: Watched, verdict: Verdict) -> None:
        """When it changes. A disk that the release has filled must not keep it live."""
        if self._said == (verdict.kind, verdict.cause):
            return
        with contextlib.suppress(FairleadError, OSError):
            self.environment.ledger.append(VERDICT, {"step": "watch", **verdict.to_data()}, watched.rollout)
            self._said = (verdict.kind, verdict.cause)

    def _file(self) -> Path | None:
        folder = self.environment.world.evidence
        return folder / "watch.json" if folder else None

    def _known(self, watched: Watched) -> dict[str, Any]:
        """Nothing where the file is of another watch, or no file at all that this version can read."""
        path, data = self._file(), None
        with contextlib.suppress(FairleadError, OSError, ValueError):
            data = read_json(path) if path else None
        return data if isinstance(data, dict) and data.get("rollout") == watched.rollout else {}

    def _keep(self, watched: Watched, bench: Bench) -> None:
        path = self._file()
        data = {
            "rollout": watched.rollout, "trial": bench.trial.to_data(), "seen": bench.sources.collector.to_data(),
            "starts": self._starts,
        }  # fmt: skip
        with contextlib.suppress(FairleadError, OSError):
            if path:
                path.parent.mkdir(mode=0o700, exist_ok=True)
                write_json(path, data, 0o600)

    def close(self) -> None:
        """Send no more probes."""
        if self._bench:
            self._bench.close()
        self._watched = self._bench = self._said = None
