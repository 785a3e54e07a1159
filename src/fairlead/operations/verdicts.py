"""What the evidence said of releases: read from the ledger, and judged again from a recording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.ledger import Entry, Ledger
from fairlead.project.stack import Judge
from fairlead.rollout.evidence.recording import Subject, read
from fairlead.rollout.journal import SHADOW, VERDICT
from fairlead.rollout.state import BEGUN, WATCH_ENDED
from fairlead.rollout.verdict.decide import Moment, Move, Need, decide
from fairlead.rollout.verdict.evidence import Mode, Tick
from fairlead.rollout.verdict.verdict import Verdict
from fairlead.system.home import Place

FOLDER = "evidence"  #: of recordings, in an environment's place
AFTER_SWITCH = "watch"  #: the step that the keeper's verdicts name


@dataclass(frozen=True, slots=True)
class Said:
    """One verdict, when it was given."""

    time: str  #: UTC, ISO 8601
    step: str  #: its id; `watch` after the switch
    verdict: Verdict

    def to_data(self) -> dict[str, Any]:
        """For machines."""
        return {"time": self.time, "step": self.step, **self.verdict.to_data()}


@dataclass(frozen=True, slots=True)
class Judged:
    """All that was said of one release in one rollout."""

    rollout: int
    release: str
    previous: str | None
    said: tuple[Said, ...] = ()  #: the newest last
    ended: dict[str, Any] | None = None  #: how its watch after the switch ended: `result`, `reason`, `time`
    recordings: tuple[Path, ...] = ()  #: what it was judged by


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What a shadow came to."""

    rollout: int
    release: str
    said: Said
    differences: tuple[dict[str, Any], ...] = ()  #: of shape: `path`, `what`, `stable`, `canary`


@dataclass(frozen=True, slots=True)
class Replay:
    """A recording, judged again up to where it would have ended."""

    subject: Subject
    policy: Judge
    changes: tuple[tuple[float, Verdict], ...]  #: seconds into the recording, whenever kind or cause changed
    last: Verdict | None  #: the last one; None when nothing was recorded
    seconds: float  #: until then
    move: Move  #: what would have come of it

    @property
    def end(self) -> str:
        """What would have come of it, in words."""
        return _ENDS[self.subject.mode][self.move]


_STAYED = "nothing was shown against it: it would have stayed"
_ENDS: dict[Mode, dict[Move, str]] = {
    "canary": {
        "fail": "it would have been taken back",
        "go": "enough was shown: all users would have got it",
        "wait": "too little was shown: it would have waited for a person",
        "stay": "too little was shown: it would have been judged for longer",
    },
    "watch": {"fail": "it would have been rolled back", "go": _STAYED, "wait": _STAYED, "stay": _STAYED},
    "shadow": {
        "fail": "it would have been taken back",
        "go": "nothing was shown against it: its first users would have come next",
        "wait": "nobody could tell: it would have waited for a person",
        "stay": "nobody could tell: it would have been judged for longer",
    },
}


def last_verdict(ledger: Ledger, rollout: int, step: str | None = None) -> Said | None:
    """The newest verdict of a rollout (at one step)."""
    for entry in ledger.entries(kinds=[VERDICT], rollout=rollout, newest_first=True):
        if step in (None, entry.data.get("step")):
            return said_of(entry)
    return None


def said_of(entry: Entry) -> Said:
    """A verdict as the ledger has it."""
    data = entry.data
    verdict = Verdict(data["kind"], data["cause"], str(data["text"]), data.get("numbers") or {})
    return Said(entry.time, str(data.get("step", "")), verdict)


def verdicts(place: Place) -> Judged | None:
    """Those of the newest rollout that was judged; None when none ever was."""
    if not place.exists():
        return None
    with Ledger.read(place.ledger) as ledger:
        newest = ledger.last(VERDICT)
        if newest is None or newest.rollout is None:
            return None
        rollout = newest.rollout
        said = tuple(said_of(entry) for entry in ledger.entries(kinds=[VERDICT], rollout=rollout))
        ended = ledger.last(WATCH_ENDED, rollout=rollout)
        release, previous = _releases(ledger, rollout)
    how = (
        {"time": ended.time, "result": ended.data["result"], "reason": ended.data.get("reason", "")} if ended else None
    )
    return Judged(rollout, release, previous, said, how, recordings(place, rollout))


def recordings(place: Place, rollout: int | None = None) -> tuple[Path, ...]:
    """The recordings that are kept (of one rollout), by name."""
    pattern = f"rollout-{'*' if rollout is None else rollout}-*.jsonl"
    return tuple(sorted((place.root / FOLDER).glob(pattern)))


def recording(place: Place, file: Path) -> Path:
    """The file, or the environment's recording of that name where there is no such file."""
    kept = place.root / FOLDER / file.name
    return kept if file.name == str(file) and not file.exists() and kept.exists() else file


def shadow_report(place: Place) -> ShadowReport | None:
    """What the last shadow came to; None when there never was one."""
    if not place.exists():
        return None
    with Ledger.read(place.ledger) as ledger:
        for begun in ledger.entries(kinds=[BEGUN], newest_first=True):
            if (said := _shadow_verdict(ledger, begun)) and begun.rollout is not None:
                seen = ledger.last(SHADOW, rollout=begun.rollout)
                differences = tuple(seen.data.get("differences") or ()) if seen else ()
                return ShadowReport(begun.rollout, str(begun.data["release"]), said, differences)
    return None


def _shadow_verdict(ledger: Ledger, begun: Entry) -> Said | None:
    modes = {f"{step['number']}:{step['kind']}": step.get("mode") for step in begun.data["plan"]}
    shadows = [step for step, mode in modes.items() if mode == "shadow"]
    return last_verdict(ledger, begun.rollout or 0, shadows[0]) if shadows else None


def _releases(ledger: Ledger, rollout: int) -> tuple[str, str | None]:
    begun = ledger.last(BEGUN, rollout=rollout)
    return (str(begun.data["release"]), begun.data.get("previous")) if begun else ("", None)


def replay(path: Path, policy: Judge | None = None) -> Replay:
    """Judge a recording again, by `policy` or else by the one it was judged by. FairleadError when it is none."""
    subject, ticks = read(path)
    return _judged(subject, policy or subject.policy, ticks)


@dataclass
class _Run:
    """A trial as it goes on."""

    seconds: float = 0.0
    probes: int = 0
    failed: int = 0
    last: Verdict | None = None
    changes: list[tuple[float, Verdict]] = field(default_factory=list)

    def add(self, tick: Tick, verdict: Verdict) -> None:
        self.seconds += tick.seconds
        self.probes, self.failed = self.probes + tick.probes.sent, self.failed + tick.probes.failed
        if self.last is None or (verdict.kind, verdict.cause) != (self.last.kind, self.last.cause):
            self.changes.append((self.seconds, verdict))
        self.last = verdict


def _judged(subject: Subject, policy: Judge, ticks: Iterable[Tick]) -> Replay:
    from fairlead.rollout.verdict.trial import Trial  # noqa: PLC0415 — only a replay needs it

    trial, run = Trial(policy, subject.mode, subject.history), _Run()
    for tick in ticks:
        run.add(tick, trial.add(tick))
        if run.last and run.last.kind == "abort":
            break
    move = _move(subject.mode, policy, run)
    return Replay(subject, policy, tuple(run.changes), run.last, round(run.seconds, 3), move)


def _move(mode: Mode, policy: Judge, run: _Run) -> Move:
    """As at the end of a step when all patience is over."""
    if run.last is None:
        return "wait"
    need: Need = "proof" if mode == "canary" else "nothing"
    late = run.seconds + policy.hold_for
    moment = Moment(late, run.seconds, need, probes=run.probes, failed_probes=run.failed)
    return decide(policy, run.last, moment)
