"""What the keeper judges after the switch: the live release, against what the one before it answered.

It goes back by itself, and only where that helps: to a release that fails in the same way it does not. What is known
is kept in a file, for the keeper that comes after this one; without the file it begins anew.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.artifacts import describe_actor
from fairlead.artifacts.origin import owner_text
from fairlead.errors import Busy, FairleadError
from fairlead.operations.environment import Environment
from fairlead.operations.rollback import back_to
from fairlead.project.stack import Smoke
from fairlead.rollout.evidence.recording import Subject
from fairlead.rollout.journal import VERDICT
from fairlead.rollout.state import WATCH_ENDED, Watched
from fairlead.rollout.verdict.verdict import Verdict
from fairlead.runtimes.base import Instance
from fairlead.system.files import read_json, write_json
from fairlead.system.lock import FileLock
from fairlead.system.machine import memory_kills

if TYPE_CHECKING:
    from fairlead.rollout.bench import Bench

RESTARTS = 3  #: of one instance during a watch that are a crash loop
KEEP = 10.0  #: seconds between two times that what is known is written to the file
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
    _memory_kills: int = 0  #: of the kernel, when it began
    _kept: float = 0.0  #: when what is known was written to the file, monotonic

    def look(self, idle: Callable[[], bool]) -> None:
        """One look; `idle` is whether no rollout is under way. Nothing while somebody else changes the environment."""
        watched = self.environment.state.watched
        if watched is None or not idle() or FileLock(self.environment.place.lock).held():
            self.close()
            return
        verdict = self._judged(watched)
        objection = self._crash_loop(watched)
        if not objection and verdict.kind == "abort":
            if verdict.cause in ("errors", "probes") and self._both_fail(watched):
                verdict = self._blame_both(watched, verdict)
            else:
                objection = verdict.text
        if objection or watched.left() <= 0:
            with self.environment.held_briefly("keeper") as lock:
                if idle() and self.environment.state.watched == watched:
                    self._end(watched, verdict, objection, lock)

    def _judged(self, watched: Watched) -> Verdict:
        bench = self._bench
        if self._watched != watched or bench is None:
            bench = self._open(watched)
        tick = bench.tick()
        if self._being_started(watched):
            tick = replace(tick, trouble="its instances are being started")
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
        self._memory_kills = memory_kills()
        self._watched = watched
        return self._bench

    def _instances(self, watched: Watched) -> list[Instance]:
        found = self.environment.world.runtime.observe()
        return [one for one in found if one.release == watched.release and not one.job]

    def _crash_loop(self, watched: Watched) -> str:
        for one in self._instances(watched):
            restarts = one.starts - self._starts.get(one.id, one.starts)
            if restarts and memory_kills() > self._memory_kills:
                return f"{one.id} ended, and the kernel has killed a process for its memory"
            if one.phase == "failed" or restarts >= RESTARTS:
                runtime = self.environment.world.runtime
                why = f": {said}" if (said := runtime.last_end(one.id)) else ""
                tail = runtime.log_tail(one.id, 10).strip()
                looping = f"{one.id} is in a crash loop: started again {restarts} times{why}"
                return looping + (f"\n{tail}" if tail else "")
        return ""

    def _being_started(self, watched: Watched) -> bool:
        """Whether a service that takes requests has no instance that is well: what comes of that is a crash loop's."""
        well: dict[str, bool] = {}
        for one in self._instances(watched):
            if one.port:
                well[one.service] = well.get(one.service, False) or (one.living and one.verified)
        return not all(well.values())

    def _both_fail(self, watched: Watched) -> bool:
        """Whether what the release fails in fails in the one before too: then going back would help nobody.

        Only where that one still runs, only what can be asked by probes, and twice.
        """
        from fairlead.rollout.evidence.probes import probe_tests  # noqa: PLC0415 — brings HTTP

        world = self.environment.world
        seen = world.runtime.observe()
        if not any(one.release == watched.previous and one.port and one.living and one.verified for one in seen):
            return False
        tests = probe_tests(world.releases.load(watched.release).stack)
        failing = [test for test in tests if self._fails(watched.release, test)]
        return bool(failing) and all(self._fails(watched.previous, test) for test in (*failing, *failing))

    def _fails(self, release: str, test: Smoke) -> bool:
        from fairlead.rollout.checks import judge  # noqa: PLC0415 — brings HTTP

        edge = self.environment.world.edge
        return bool(judge(test, edge.ask(test.path, test.host, edge.release_header(release), test.timeout)))

    def _blame_both(self, watched: Watched, verdict: Verdict) -> Verdict:
        """Not its fault: begin to count anew."""
        held = replace(verdict, kind="hold", cause="environment", text=f"the release before fails too: {verdict.text}")
        self._write_down(watched, held)
        with contextlib.suppress(OSError):
            if path := self._file():
                path.unlink(missing_ok=True)
        self.close()
        return held

    def _end(self, watched: Watched, verdict: Verdict, objection: str, lock: FileLock) -> None:
        result, world = ("told" if objection else "passed"), self.environment.world
        if objection:
            world.say("failed", objection)
        if objection and watched.rollback:
            lock.sign(owner_text("keeper: going back"))
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
        if path is None or (self._kept and time.monotonic() - self._kept < KEEP):
            return
        self._kept = time.monotonic()
        data = {
            "rollout": watched.rollout, "trial": bench.trial.to_data(), "seen": bench.sources.collector.to_data(),
            "starts": self._starts,
        }  # fmt: skip
        with contextlib.suppress(FairleadError, OSError):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_json(path, data, 0o600)

    def close(self) -> None:
        """Send no more probes."""
        if self._bench:
            self._bench.close()
        self._watched = self._bench = self._said = None
