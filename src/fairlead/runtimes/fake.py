"""A runtime in memory, for tests and rehearsals: it does what the protocol says, and refuses what no machine would do.

What a caller must never ask is an AssertionError, not a FairleadError: nothing may take it for a step that failed.
After each single change the listeners are called, so that a test sees every state there ever was, and can stop the
world in the middle of an act that touches several instances.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from fairlead.errors import FairleadError
from fairlead.runtimes.base import LIVING, Answered, Deviation, Instance, InstanceSpec, Listening, NotReady, Phase
from fairlead.system.http import Answer

FIRST_PORT = 20000

#: What happened (`starting`, `started`, `ready`, `ending`, `ended`, `died`, `freed`, `removed`), and to which instance.
Listener = Callable[[str, str], None]


def require(right: bool, what: str) -> None:
    """Stop a caller that asks for what cannot be."""
    if not right:
        raise AssertionError(what)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the instances of a service behave."""

    ready: bool = True  #: passes its health check
    crash_loop: bool = False  #: ends at once, each time it is started
    dies: bool = False  #: ends right after it was found ready
    answer: Answer = field(default_factory=lambda: Answer(200, b"hello"))  #: to every request
    fails_after: int | None = None  #: so many answers of an instance; from then on it answers 500
    job_fails: bool = False


@dataclass
class Copy:
    """One instance."""

    spec: InstanceSpec
    port: int | None
    pid: int
    phase: Phase = "starting"
    verified: bool = False
    starts: int = 1
    asked: int = 0  #: how often it was
    connections: int = 0  #: held by the edge; one ends with each look at them

    @property
    def living(self) -> bool:
        """Whether a process of it runs."""
        return self.phase in LIVING

    def seen(self) -> Instance:
        """As the protocol shows it."""
        spec = self.spec
        return Instance(
            spec.id, spec.release, spec.service, spec.index, self.port, self.phase, self.verified, self.starts,
            self.pid if self.living else None, spec.job,
        )  # fmt: skip


@dataclass
class FakeRuntime:
    """Instances in a dict. `behaviours` by (release, service), or by service alone for every release."""

    behaviours: dict[str | tuple[str, str], Behaviour] = field(default_factory=dict)
    copies: dict[str, Copy] = field(default_factory=dict)
    ports: dict[int, str] = field(default_factory=dict)  #: taken ports and their holders
    listeners: list[Listener] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)  #: instances that were stopped while connections were open
    jobs: list[str] = field(default_factory=list)  #: jobs that ran to their end, in order
    pids: int = 100
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  #: instance and command
    frozen: set[str] = field(default_factory=set)
    ends: dict[str, str] = field(default_factory=dict)  #: why each died last

    def behaviour(self, spec: InstanceSpec) -> Behaviour:
        """How this one behaves."""
        own = self.behaviours.get((spec.release, spec.service))
        return own or self.behaviours.get(spec.service) or Behaviour()

    def _changed(self, what: str, id: str) -> None:
        for listener in self.listeners:
            listener(what, id)

    def up(self) -> None:
        """Nothing to have running."""

    def down(self, seconds: float) -> None:
        """Stop every instance."""
        self.stop(tuple(self.copies))

    def observe(self) -> tuple[Instance, ...]:
        """Every instance, sorted by id. One that was told to end has ended at the second look."""
        seen = tuple(self.copies[id].seen() for id in sorted(self.copies))
        for one in seen:
            if one.phase == "stopping":
                self._ended(one.id)
        return seen

    def start(self, specs: Sequence[InstanceSpec]) -> None:
        """Start those that do not run, one after the other."""
        ids = [spec.id for spec in specs]
        require(len(ids) == len(set(ids)), f"started twice at once: {ids}")
        for spec in specs:
            copy = self.copies.get(spec.id)
            if copy and copy.living:
                require(copy.spec == spec, f"{spec.id} runs, and was to be started as something else")
                continue
            port = copy.port if copy else None
            if copy is None:
                self.copies[spec.id] = copy = Copy(spec, None, 0, "stopped", starts=0)
            copy.spec = spec
            copy.port = self._port(spec.id, port) if spec.listens else None
            self._begin(copy)

    def _port(self, id: str, port: int | None) -> int:
        """The one it had, or the lowest free one."""
        port = port or next(n for n in range(FIRST_PORT, FIRST_PORT + 10_000) if n not in self.ports)
        holder = self.ports.setdefault(port, id)
        require(holder == id, f"port {port} of {id} is {holder}'s")
        return port

    def _begin(self, copy: Copy) -> None:
        self._changed("starting", copy.spec.id)
        self.pids += 1
        copy.pid, copy.verified, copy.starts = self.pids, False, copy.starts + 1
        copy.phase = "backoff" if self.behaviour(copy.spec).crash_loop else "starting"
        self._changed("started", copy.spec.id)

    def restart(self, ids: Collection[str]) -> None:
        """Start stopped instances again as they were."""
        for id in ids:
            copy = self._known(id, "started again")
            if copy.living:
                continue
            if copy.spec.listens:
                self._port(id, copy.port)
            self._begin(copy)

    def _known(self, id: str, what: str) -> Copy:
        require(id in self.copies, f"{id} was to be {what}, but does not exist")
        return self.copies[id]

    def await_ready(self, ids: Collection[str], progress: Callable[[str], None]) -> None:
        """All at once, no waiting. NotReady for the first that does not pass, once the others had their chance."""
        failed = []
        for id in ids:
            copy = self._known(id, "awaited")
            behaviour = self.behaviour(copy.spec)
            if not (copy.living and behaviour.ready):
                failed.append(NotReady(f"{id}: {'not ready' if copy.living else 'crash loop'}"))
                continue
            copy.phase, copy.verified = "running", True
            self._changed("ready", id)
            progress(f"{id} is ready")
            if behaviour.dies:
                self.die(id)
        if failed:
            raise failed[0]

    def recheck(self) -> None:
        """Those that live and pass are verified."""
        for id, copy in self.copies.items():
            if copy.living and not copy.verified and not copy.spec.job and self.behaviour(copy.spec).ready:
                copy.phase, copy.verified = "running", True
                self._changed("ready", id)

    def open_connections(self, ids: Collection[str]) -> int:
        """How many there are; one of each instance ends by itself before the next look."""
        found = [copy for id, copy in self.copies.items() if id in ids and copy.living]
        total = sum(copy.connections for copy in found)
        for copy in found:
            copy.connections = max(0, copy.connections - 1)
        return total

    def end(self, ids: Collection[str]) -> None:
        """Signal those that run; they have ended after the next look."""
        for copy in [copy for id, copy in self.copies.items() if id in ids and copy.living]:
            self._changed("ending", copy.spec.id)
            copy.phase, copy.verified = "stopping", False

    def stop(self, ids: Collection[str]) -> None:
        """End them, one after the other; those that do not exist are ended already."""
        for id in ids:
            copy = self.copies.get(id)
            if copy and copy.phase != "stopped":
                if copy.living:
                    self._changed("ending", id)
                self._ended(id)

    def _ended(self, id: str) -> None:
        copy = self.copies[id]
        if copy.connections:
            self.cut.append(id)
        copy.phase, copy.verified, copy.connections = "stopped", False, 0
        self._changed("ended", id)

    def remove(self, ids: Collection[str]) -> None:
        """Port first, then the rest, as the real one does."""
        for id in [id for id in ids if id in self.copies]:
            copy = self.copies[id]
            require(copy.phase in ("stopped", "failed"), f"{id} was to be removed, but is {copy.phase}")
            if copy.port and self.ports.get(copy.port) == id:
                del self.ports[copy.port]
                self._changed("freed", id)
            del self.copies[id]
            self._changed("removed", id)

    def run_job(self, spec: InstanceSpec, timeout: float) -> None:
        """Start it and see it end."""
        self.start([spec])
        self.stop([spec.id])
        if self.behaviour(spec).job_fails:
            raise FairleadError(f"job {spec.service}: ended with 1")
        self.jobs.append(spec.id)

    def log_tail(self, id: str, lines: int) -> str:
        """Nobody writes."""
        return ""

    def last_end(self, id: str) -> str:
        """As `die` was told."""
        return self.ends.get(id, "")

    def deviations(self, specs: Sequence[InstanceSpec]) -> tuple[Deviation, ...]:
        """Those that are missing, those that run as something else, and instances that none of the specs names."""
        wanted, found = {spec.id: spec for spec in specs}, []
        for id, spec in wanted.items():
            copy = self.copies.get(id)
            if copy is None or not copy.living:
                found.append(Deviation(id, "missing"))
            elif copy.spec != spec:
                found.append(Deviation(id, "program"))
        return (*found, *(Deviation(id, "extra") for id in sorted(self.copies.keys() - wanted.keys())))

    def listening(self) -> tuple[Listening, ...]:
        """Each on its own port."""
        return tuple(Listening(id, "127.0.0.1", copy.port) for id, copy in self.copies.items() if copy.port)

    def processes_of(self, id: str) -> tuple[int, ...]:
        """Its one, which no machine has."""
        copy = self.copies.get(id)
        return (copy.pid,) if copy and copy.living else ()

    def execute(self, id: str, argv: Sequence[str]) -> int:
        """Nothing is run; a command is known by its name: `false` fails."""
        self._known(id, "used")
        return 1 if argv[0] == "false" else 0

    def ask(self, id: str, argv: Sequence[str], seconds: float) -> Answered:
        """The same."""
        self.asked.append((id, tuple(argv)))
        return Answered(self.execute(id, argv), "")

    def freeze(self, ids: Collection[str]) -> None:
        """They do."""
        self.frozen |= {id for id in ids if id in self.copies}

    def thaw(self, ids: Collection[str]) -> None:
        """They do."""
        self.frozen -= set(ids)

    def die(self, id: str, why: str = "") -> None:
        """For tests: the process ends by itself, and is not there again yet."""
        copy = self._known(id, "killed")
        self.ends[id] = why
        copy.phase, copy.verified, copy.connections = "backoff", False, 0
        self._changed("died", id)

    def reboot(self) -> None:
        """For tests: the machine starts anew; nothing runs, everything is still written down."""
        for copy in self.copies.values():
            copy.phase, copy.verified, copy.connections = "stopped", False, 0
        self._changed("died", "everything")

    def orphan(self) -> None:
        """For tests: what looks after the instances was killed; those that ran live on, and nobody looks after them."""
        for copy in self.copies.values():
            if copy.living:
                copy.phase = "survivor"
        self._changed("died", "supervisor")

    def holder(self, port: int) -> str | None:
        """Whose port it is."""
        return self.ports.get(port)

    def well(self, id: str) -> bool:
        """Whether it exists, lives, and was found ready as it lives now."""
        copy = self.copies.get(id)
        return bool(copy and copy.living and copy.verified)

    def answer(self, port: int) -> Answer | None:
        """What a request to the port is answered; None when nobody listens."""
        copy = self.copies.get(self.ports.get(port, ""))
        if copy is None or not copy.living:
            return None
        copy.asked += 1
        behaviour = self.behaviour(copy.spec)
        tired = behaviour.fails_after is not None and copy.asked > behaviour.fails_after
        return Answer(500) if tired else behaviour.answer
