"""What the keeper does when something happened: recover, bring back, end warm windows, tell the edge who is well.

But for a recovery each act is short: it takes the environment's lock only for itself, without waiting for it, and
never waits under it until something is ready or drained; that is looked at again in the next round. So a command
goes first: it bears with an act, and is told of a recovery.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from fairlead.artifacts.origin import owner_text
from fairlead.errors import Busy, FairleadError
from fairlead.operations import revive
from fairlead.operations.after_switch import AfterSwitch
from fairlead.operations.attending import Waiting
from fairlead.operations.backups import orphans, quiet
from fairlead.operations.backups.scheduled import begin_due
from fairlead.operations.db.isolation_again import isolated
from fairlead.operations.environment import Environment, sample_live
from fairlead.operations.rotation.recovery import recover as rotations
from fairlead.operations.rotation.recovery import ripe
from fairlead.operations.schema.waits import waits
from fairlead.operations.stores.ensure import any_dead, renew_all, start_dead, unfinished
from fairlead.render.edge import Members
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.recovery import recover, restore_traffic
from fairlead.runtimes.base import Instance
from fairlead.runtimes.process.log_marks import Marks
from fairlead.runtimes.process.logs import rotate
from fairlead.runtimes.process.runtime import log_files, rotate_logs
from fairlead.secrets.rotation.ages import remind, schedule
from fairlead.secrets.rotation.journal import open_rotations
from fairlead.stores.aside import changing
from fairlead.system.lock import FileLock

SOON = 1.0  #: seconds between rounds while something is on its way
HEARTBEAT = 60.0  #: seconds between rounds when nothing happens
RETRY_EVERY = 30.0  #: seconds between two tries of an instance in a crash loop
REMIND_EVERY = 600.0  #: seconds between two looks at what is due, while something is
ROTATION_EVERY = 1.0  #: seconds between two tries of a rotation that cannot go on
CONTRACT_SOON = 10.0  #: seconds between two tries of what waited for the old release to go
CONTRACT_EVERY = 600.0  #: the same, once one failed
CERTIFICATES_EVERY = 3600.0  #: seconds between two looks at the certificates of stores
COPIES_EVERY = 45.0  #: seconds between two looks for copies whose makers were killed
BACKUPS_EVERY = 45.0  #: seconds between two looks at which backups are due; less than those between two rounds
MOST_PATIENCE = 60.0  #: seconds between two tries of something that keeps failing


def begin_contract(environment: Environment) -> None:
    """In a process of its own."""
    from fairlead.operations.contract import begin_apart  # noqa: PLC0415 — only where a schema moves

    begin_apart(environment)


COMING = ("starting", "backoff", "stopping")  #: phases of an instance that is on its way


@dataclass
class Housekeeping:
    """The keeper's work on one environment. Times are monotonic seconds."""

    environment: Environment
    not_before: dict[str, float] = field(default_factory=dict)  #: act → when it may be tried again
    patience: dict[str, float] = field(default_factory=dict)  #: act → how long it waited after its last failure
    leaving: dict[str, float] = field(default_factory=dict)  #: instance → when it was first found superfluous
    served: frozenset[str] = frozenset()  #: processes that were well at the last look, and who was in which network
    contracting: Callable[[Environment], None] = begin_contract  #: does what waited for the old release to go

    def __post_init__(self) -> None:
        self._looked: tuple[Instance, ...] | None = None
        self._waiting = Waiting(self.environment)
        self._after_switch = AfterSwitch(self.environment)
        self._members: Mapping[str, Members] = {}

    def round(self) -> None:
        """Everything that is due now. What fails is tried again later, ever less often."""
        self._looked = None
        if self.environment.state.stopped:
            return
        self._stay()
        self._try("edge", self.environment.world.edge.up)
        self._try("stores", self._stores)
        self._try("recover", self._recover)
        self._try("attend", self._waiting.look)
        self._try("secrets", self._rotations)
        self._try("remind", self._remind)
        self._try("watch", lambda: self._after_switch.look(self._idle))
        self._try("quiet", lambda: quiet.settle(self.environment.place, self.environment.runtime))
        self._try("copies", self._copies)
        self._try("backups", self._backups)
        self._try("revive", self._revive)
        self._try("replace", self._replace)
        self._try("retire", self._retire)
        self._try("contract", self._contract)
        self._try("refresh", self._refresh)
        self._try("retry", self._retry)
        self._try("rotate", self._rotate)
        self._try("sample", self._sample)

    def due(self) -> float:
        """Seconds until the next round at the latest, when no sign comes before."""
        self._looked = None
        state = self.environment.state
        if state.stopped:
            return HEARTBEAT
        now = time.monotonic()
        waiting = {act: moment - now for act, moment in self.not_before.items() if moment > now}
        if unsettled := self._unsettled():
            return max(SOON, min(waiting.get(act, SOON) for act in unsettled))
        ends = [state.left(release) + 0.1 for release in state.warm_now()]
        ends += [one.left() + 0.1 for one in open_rotations(self.environment.ledger)]
        return max(SOON, min([HEARTBEAT, *waiting.values(), *ends]))

    def _unsettled(self) -> set[str]:
        """The acts that have something to settle: what is on its way out, or back to where it gets requests."""
        mine, found = self._mine(), set()
        if any(one.phase in COMING or (one.living and not one.verified) for one in mine):
            found.add("refresh")
        if any(one.phase == "survivor" and self._spared(one, mine) for one in mine):
            found.add("replace")
        if self._superfluous():
            found.add("retire")
        if not self._idle():
            found.add("recover")
        if self.environment.state.watched:
            found.add("watch")
        if ripe(self.environment):
            found.add("secrets")
        if quiet.left(self.environment.place):
            found.add("quiet")
        if changing(self.environment.place):
            found.add("stores")
        return found

    def _seen(self) -> tuple[Instance, ...]:
        """All instances. One look is for all acts of a round that find nothing to do; to change something, each looks
        again under the lock."""
        if self._looked is None:
            self._looked = self.environment.world.runtime.observe()
        return self._looked

    def _mine(self) -> list[Instance]:
        """The instances of the live release."""
        live = self.environment.state.live
        return [one for one in self._seen() if one.release == live and not one.job]

    def _try(self, name: str, act: Callable[[], None]) -> None:
        if time.monotonic() < self.not_before.get(name, 0.0):
            return
        try:
            act()
            self.patience.pop(name, None)
        except Busy:
            return
        except (FairleadError, OSError) as error:
            wait = min(MOST_PATIENCE, self.patience.get(name, 0.5) * 2)
            self.patience[name], self.not_before[name] = wait, time.monotonic() + wait
            self.environment.world.say("note", f"{name}: {error}; again in {wait:g} s")

    @contextmanager
    def _held(self) -> Iterator[FileLock]:
        """What was seen before is looked at again, and what is seen here after it."""
        with self.environment.held_briefly("keeper") as lock:
            self._looked = None
            try:
                yield lock
            finally:
                self._looked = None

    def _idle(self) -> bool:
        """Whether no rollout is under way. Asked under the lock too: one may have begun in between."""
        return open_rollout(self.environment.ledger) is None

    def _recover(self) -> None:
        """An unfinished rollout whose lock is free belongs to a dead deployer."""
        if self._idle():
            return
        with self._held() as lock:
            lock.sign(owner_text("keeper: recovery"))
            self.environment.place.sweep()
            done = recover(self.environment.world)
            if done:
                self.environment.world.say("recovered", done)

    def _rotations(self) -> None:
        """Go on with rotations whose time has come, and with what a killed command left of one."""
        if not ripe(self.environment):
            return
        with self._held() as lock:
            if ripe(self.environment):
                lock.sign(owner_text("keeper: rotation"))
                if left := rotations(self.environment):
                    self.environment.world.say("note", f"not at their end: {', '.join(left)}")
                    self.not_before["secrets"] = time.monotonic() + ROTATION_EVERY

    def _remind(self) -> None:
        """Write down which secrets are older than they may get: whoever asked for it is told from there."""
        state = self.environment.state
        release = self.environment.world.releases.load_or_none(state.live) if state.live else None
        if release and any(one.due for one in schedule(release.stack.secrets, self.environment.ledger)):
            with self._held():
                for name in remind(release.stack.secrets, self.environment.ledger):
                    self.environment.world.say("note", f"{name} is older than it may get")
            self.not_before["remind"] = time.monotonic() + REMIND_EVERY

    def _stores(self) -> None:
        """Start those that ended, and have certificates that do not end soon."""
        place, runtime = self.environment.place, self.environment.runtime
        if not place.stores.is_dir() and not unfinished(place):
            return
        if any_dead(runtime, place):
            self._start_stores()
        if self._idle() and time.monotonic() >= self.not_before.get("certificates", 0.0):
            with self._held():
                renewed = renew_all(runtime, place)
            if renewed:
                self.environment.world.say("note", f"reads a new certificate: {', '.join(renewed)}")
            self.not_before["certificates"] = time.monotonic() + CERTIFICATES_EVERY

    def _start_stores(self) -> None:
        """Those of a rollout that is under way too: whoever carries it is past making stores, and needs them."""
        try:
            with self._held():
                found = start_dead(self.environment.runtime, self.environment.place)
        except Busy:
            if self._idle():
                raise
            found = start_dead(self.environment.runtime, self.environment.place, alone=False)
        if found:
            self.environment.world.say("note", f"started again: {', '.join(found)}")

    def _backups(self) -> None:
        """Begin backups and drills that are due, in a process of its own: they take long, and need no lock of ours."""
        state = self.environment.state
        release = self.environment.world.releases.load_or_none(state.live) if state.live else None
        if release is None or not (release.stack.backed_up or isolated(release.stack)) or not self._idle():
            return
        self.not_before["backups"] = time.monotonic() + BACKUPS_EVERY
        if begun := begin_due(self.environment.place, release, self.environment.ledger):
            self.environment.world.say("note", f"backups: what is due of {', '.join(begun)} was begun")

    def _copies(self) -> None:
        """What killed drills, restores and rehearsals left of a store goes, also where none comes after them."""
        state, place = self.environment.state, self.environment.place
        release = self.environment.world.releases.load_or_none(state.live) if state.live else None
        if release is None or not any(one.kind == "postgres" for one in release.stack.stores):
            return
        self.not_before["copies"] = time.monotonic() + COPIES_EVERY
        for store in orphans.left(place, release.stack):
            orphans.forget(place, release.stack.runtime, store)
            self.environment.world.say("note", f"what was left of copies of {store.name} is gone")

    def _revive(self) -> None:
        """Start what the live release should have and has not, after supervisord or everything was killed."""
        world, live = self.environment.world, self.environment.state.live
        if live is None or not self._idle():
            return
        release = world.releases.load(live)
        if not self._absent(revive.all_ids(release)):
            return
        with self._held():
            if self._idle():
                world.runtime.up()
                revive.begin(self.environment, release, self._absent(revive.all_ids(release)))

    def _absent(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        """Those that neither run nor are on their way, nor were given up by supervisord."""
        there = {one.id for one in self._mine() if one.phase != "stopped"}
        return tuple(id for id in ids if id not in there)

    def _replace(self) -> None:
        """What outlived a killed supervisord: out of the traffic, drained, ended, started anew, one at a time.

        The only instance that answers for its service is left alone: it serves, and its end is noticed like any other.
        """
        world = self.environment.world
        if not self._idle() or not any(one.phase == "survivor" for one in self._seen()):
            return
        with self._held():
            world.runtime.up()
            one = self._next_survivor()
            if one is None or not self._idle() or not self._gone_from_traffic(one):
                return
            world.runtime.stop([one.id])
            if one.release == self.environment.state.live:
                world.runtime.restart([one.id])
            self.leaving.pop(one.id, None)

    def _next_survivor(self) -> Instance | None:
        """The one that is leaving, or the first that may; None while another one is on its way back."""
        seen, mine = self._seen(), self._mine()
        if any(one.phase not in ("survivor", "failed") and not (one.living and one.verified) for one in mine):
            return None
        survivors = [one for one in seen if one.phase == "survivor" and self._spared(one, mine)]
        return next((one for one in survivors if one.id in self.leaving), next(iter(survivors), None))

    def _spared(self, one: Instance, mine: list[Instance]) -> bool:
        """Whether users do without it for a moment."""
        others = [other for other in mine if other.service == one.service and other.id != one.id]
        return one.port is None or one not in mine or any(other.living and other.verified for other in others)

    def _gone_from_traffic(self, one: Instance) -> bool:
        """Nothing new to it; whether it may be stopped now."""
        since = self.leaving.setdefault(one.id, time.monotonic())
        restore_traffic(self.environment.world, without=tuple(self.leaving))
        return self.environment.world.drained(one, time.monotonic() - since)

    def _stay(self) -> None:
        """Who was on the way out, and is live or warm again, gets requests again, and a whole drain the next time."""
        if self.leaving:
            going = {one.id for one in self._superfluous()} | {
                one.id for one in self._seen() if one.phase == "survivor"
            }
            self.leaving = {id: since for id, since in self.leaving.items() if id in going}

    def _retire(self) -> None:
        """End instances of releases that are neither live nor warm: out of the edge, drained, signalled, forgotten."""
        if not self._superfluous() or not self._idle():
            return
        with self._held():
            if self._idle():
                for one in self._superfluous():
                    self._see_off(one)

    def _contract(self) -> None:
        """Begin what waited until the old release is gone: it may take long, and needs no lock of ours."""
        place = self.environment.place
        if not place.migrations.is_dir():
            return
        from fairlead.operations.contract import at_work, due  # noqa: PLC0415 — only where a schema moves

        release = due(self.environment)
        if release is None or at_work(place):
            return
        waiting = waits(self.environment.ledger, release)
        again = CONTRACT_EVERY if waiting and waiting.failed else CONTRACT_SOON
        self.not_before["contract"] = time.monotonic() + again
        self.contracting(self.environment)

    def _see_off(self, one: Instance) -> None:
        world = self.environment.world
        if one.phase in ("stopped", "failed"):
            world.runtime.stop([one.id])
            world.runtime.remove([one.id])
            self.leaving.pop(one.id, None)
            world.say("note", f"{one.id} is gone")
        elif one.phase != "stopping" and self._gone_from_traffic(one):
            world.runtime.end([one.id])

    def _superfluous(self) -> list[Instance]:
        """Where nothing ever was live, nobody knows: what is there may serve, and its ledger be lost."""
        state = self.environment.state
        kept = {state.live, *state.warm_now()}
        return [one for one in self._seen() if one.release not in kept] if state.live else []

    def _refresh(self) -> None:
        """Only instances that are well get requests: one that died leaves, one that came back is asked first. A network
        that was made anew has other members."""
        world = self.environment.world
        if not self._idle() or not (mine := self._mine()):
            return
        if any(one.living and not one.verified for one in mine):
            world.runtime.recheck()
            self._looked = None
        well = frozenset(f"{one.id} {one.pid}" for one in self._mine() if one.living and one.verified)
        self._members = world.edge.members() or self._members  # none: its door is away, and is not to be told of
        well |= {f"{name} {who}" for name, who in self._members.items()}
        if well == self.served:
            return
        with self._held():
            if self._idle():
                restore_traffic(world, without=tuple(self.leaving))
                self.served = well

    def _retry(self) -> None:
        """What an instance that supervisord gave up was waiting for may be back: try again, twice a minute."""
        failed = [one.id for one in self._mine() if one.phase == "failed"]
        if failed:
            with self._held():
                self.environment.world.say("note", f"crash loop: trying {', '.join(failed)} again")
                self.environment.world.runtime.restart(failed)
            self.not_before["retry"] = time.monotonic() + RETRY_EVERY

    def _sample(self) -> None:
        """What the live release answers in peace is what the next one is compared with."""
        state = self.environment.state
        if state.live and self._idle():
            sample_live(self.environment, state.live)

    def _rotate(self) -> None:
        """Keep logs small, and note how large they are: of instances, of stores, of the edge, the keeper's own."""
        place = self.environment.place
        folders = (place.edge, place.edge / "log")  # of a process, of a container
        own = [folder / name for folder in folders for name in ("access.log", "traefik.log", "output.log")]
        # A report reads the edge's logs from where it began; while a person is waited for nobody makes one.
        rollout = open_rollout(self.environment.ledger)
        edges = [*(own if rollout is None or rollout.waiting else ()), place.root / "keeper" / "log"]
        stores = list(place.stores.glob("*/log"))
        marks = Marks.of(place)
        rotate_logs(place, marks)
        for log in (*edges, *stores, *place.backups.glob("*/log")):
            rotate(log, marks=marks)
        for log in (*log_files(place).values(), *edges, *stores):
            marks.add(log)
        marks.tidy([*log_files(place).values(), *own, *stores, place.root / "keeper" / "log"])
