"""What the ledger says an environment should be: which release is live, which are warm and until when."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fairlead.ledger.entry import Entry
from fairlead.ledger.ledger import Ledger
from fairlead.project.stack import Rollout
from fairlead.system import clock

COMMITTED = "rollout.committed"
STOPPED = "environment.stopped"
STARTED = "environment.started"
BEGUN = "rollout.begun"
WATCH_ENDED = "watch.ended"
ROTATE = "rotate"  #: the operation of a rollout that changes nothing but values of secrets


@dataclass(frozen=True, slots=True)
class Warm:
    """A release that lost its traffic and is kept for a rollback.

    The window is measured on the clock that counts from the start of the machine, so that a wall clock that is set
    back or forward neither lengthens nor shortens it. After a reboot nothing of it runs any more: it is over.
    """

    release: str
    since: float  #: boot clock, seconds
    boot: str
    window: float  #: seconds

    def left(self, now: float, boot: str) -> float:
        """Seconds until the window ends; 0 when it has."""
        return max(0.0, self.since + self.window - now) if boot == self.boot else 0.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A release that is judged after its switch, on the same clock."""

    release: str
    previous: str  #: where to go back to
    rollout: int  #: that made it live
    since: float  #: boot clock, seconds
    boot: str
    seconds: float
    rollback: bool

    def left(self) -> float:
        """Seconds until it is over; 0 when it is."""
        return max(0.0, self.since + self.seconds - clock.boot_seconds()) if self.boot == clock.boot_id() else 0.0


@dataclass(frozen=True, slots=True)
class State:
    """The environment as it should be."""

    live: str | None = None
    previous: str | None = None
    warm: tuple[Warm, ...] = ()
    stopped: bool = False
    watched: Watched | None = None  #: until its end was written down

    def warm_now(self) -> tuple[str, ...]:
        """Releases whose rollback window is open."""
        now, boot = clock.boot_seconds(), clock.boot_id()
        return tuple(one.release for one in self.warm if one.left(now, boot) > 0)

    def left(self, release: str) -> float:
        """Seconds of the rollback window of a release."""
        now, boot = clock.boot_seconds(), clock.boot_id()
        return max((one.left(now, boot) for one in self.warm if one.release == release), default=0.0)


def read_state(ledger: Ledger) -> State:
    """From the last commit, and whether the environment was stopped since it was last started."""
    return ledger.remembered(_read)


def _read(ledger: Ledger) -> State:
    commit = ledger.last(COMMITTED)
    switch = ledger.last(STOPPED, STARTED, COMMITTED, BEGUN)
    stopped = switch is not None and switch.kind == STOPPED
    if commit is None:
        return State(stopped=stopped)
    data = commit.data
    warm = tuple(Warm(str(w["release"]), float(w["since"]), str(w["boot"]), float(w["window"])) for w in data["warm"])
    return State(data["release"], data["previous"], warm, stopped, _watched(ledger, commit))


def _watched(ledger: Ledger, commit: Entry) -> Watched | None:
    """Nothing when its end is written down: it was seen to its end, or rolled back."""
    data, ended = commit.data.get("watch"), ledger.last(WATCH_ENDED)
    if not data or (ended is not None and ended.number > commit.number):
        return None
    return Watched(
        **data, release=commit.data["release"], previous=commit.data["previous"], rollout=commit.rollout or 0
    )


def watch_data(rollout: Rollout) -> dict[str, object] | None:
    """What a commit entry says of the watch that begins with it."""
    if rollout.watch is None or rollout.watch.seconds <= 0:
        return None
    return {
        "since": clock.boot_seconds(), "boot": clock.boot_id(), "seconds": rollout.watch.seconds,
        "rollback": rollout.watch.rollback,
    }  # fmt: skip


def commit_data(before: State, release: str, rollout: Rollout, renews: bool = False) -> dict[str, object]:
    """What a commit entry says: from now on `release` is live, and what was live is warm.

    Releases whose window is still open stay warm too, but no more of them than releases are kept. `renews`: it is what
    was live with other values of secrets, so the way back stays the one there was.
    """
    warm: list[Warm] = []
    if before.live and before.live != release and rollout.rollback_window > 0 and not renews:
        warm.append(Warm(before.live, clock.boot_seconds(), clock.boot_id(), rollout.rollback_window))
    still = before.warm_now()
    warm += [one for one in before.warm if one.release in still and one.release not in (release, before.live)]
    kept = warm[: max(1, rollout.keep - 1)]
    previous, more = (before.previous, {"renews": before.live}) if renews else (before.live, {})
    return {"release": release, "previous": previous, "warm": [asdict(one) for one in kept], **more}
