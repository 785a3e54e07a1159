"""What a runtime can do. Every method is idempotent: it looks at the world before it acts, because it may run twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fairlead.errors import FairleadError
from fairlead.project.stack import Container, Health, Stop

#: starting: supervised, not yet past its first second · running · stopping · backoff: died at once, will be tried again
#: failed: crash loop, given up · stopped: was stopped or ended · survivor: lives, but no supervisor looks after it
Phase = Literal["starting", "running", "stopping", "backoff", "failed", "stopped", "survivor"]

LIVING: frozenset[Phase] = frozenset({"starting", "running", "survivor"})


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """What to run. `${NAME}` in argv and env stands for `values`, and PORT for the port that the runtime has taken."""

    id: str  #: RELEASE.SERVICE.INDEX
    release: str
    service: str
    index: int
    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)
    listens: bool = False  #: takes requests on a port
    health: Health = field(default_factory=Health)
    stop: Stop = field(default_factory=Stop)
    job: bool = False  #: runs once and ends
    secret_env: dict[str, str] = field(default_factory=dict)  #: variables whose values stand in these files
    port: int | None = None  #: that it declares; a container listens there, a process gets a free one
    image: str = ""  #: id of the image it is started from; empty: no container
    container: Container = field(default_factory=Container)
    asks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Services that it reaches by name, through the edge; and the networks in which both are."""
    like: str = ""  #: of a job the service whose volumes without a name it has


@dataclass(frozen=True, slots=True)
class Instance:
    """A running copy as the runtime sees it now."""

    id: str
    release: str
    service: str
    index: int
    port: int | None
    phase: Phase
    verified: bool  #: this very process passed its readiness check
    starts: int  #: how often it was started
    pid: int | None = None
    job: bool = False
    host: str = "127.0.0.1"  #: where its port is, as the edge reaches it

    @property
    def living(self) -> bool:
        """Whether a process of it runs."""
        return self.phase in LIVING


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that is not as it was declared. Values of variables are never told, only their names."""

    where: str  #: id of an instance, or what else it is about
    what: str  #: missing, program, environment, folder, image, networks, mounts, ports, limits, extra …
    wanted: str = ""
    found: str = ""
    remedy: str = ""  #: what a person can do, where nothing else is to

    def __str__(self) -> str:
        both = f"{self.found} instead of {self.wanted}" if self.wanted and self.found else ""
        told = both or self.found or self.wanted
        return f"{self.where}: {self.what}" + (f": {told}" if told else "")


@dataclass(frozen=True, slots=True)
class Listening:
    """A port that an instance, or something for it, listens on."""

    id: str
    address: str  #: 0.0.0.0 and :: are all addresses of the machine
    port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    published: bool = False  #: the machine's own port, given to a container
    inside: bool = False  #: in the network of a container, which the machine's neighbours do not reach


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a command beside an instance."""

    code: int
    output: str = field(repr=False)
    ended: bool = True  #: False: it took too long


class NotReady(FairleadError):
    """An instance did not become ready, and why: its last answer, its exit, its log."""


class Runtime(Protocol):
    """A place where instances run."""

    def up(self) -> None:
        """Have what runs instances running."""

    def down(self, seconds: float) -> None:
        """End it and everything it runs, within `seconds`."""

    def observe(self) -> tuple[Instance, ...]:
        """Every instance that exists, running or not, in a stable order."""

    def start(self, specs: Sequence[InstanceSpec]) -> None:
        """Start those that do not run; does not wait until they are ready."""

    def restart(self, ids: Collection[str]) -> None:
        """Start stopped instances again as they were."""

    def await_ready(self, ids: Collection[str], progress: Callable[[str], None]) -> None:
        """Return when all are ready, each by its own health check. NotReady otherwise."""

    def recheck(self) -> None:
        """Ask each instance that was restarted by itself once, without waiting; those that are ready are verified."""

    def open_connections(self, ids: Collection[str]) -> int:
        """How many connections the edge still holds to them."""

    def end(self, ids: Collection[str]) -> None:
        """Send the stop signal to those that run, and return at once."""

    def stop(self, ids: Collection[str]) -> None:
        """Stop signal, grace, SIGKILL of the group; returns when nothing of them runs. They can be restarted."""

    def remove(self, ids: Collection[str]) -> None:
        """Forget stopped instances: program, port, files."""

    def run_job(self, spec: InstanceSpec, timeout: float) -> None:
        """Run to the end. FairleadError with the last lines of its log when it fails."""

    def log_tail(self, id: str, lines: int) -> str:
        """The last lines an instance wrote, masked."""

    def last_end(self, id: str) -> str:
        """Why it ended last, in words, also where it runs again by now; empty when nobody knows."""

    def deviations(self, specs: Sequence[InstanceSpec]) -> tuple[Deviation, ...]:
        """How what runs differs from these specs: in each of them, what else of ours there is beside them, and whom we
        do not know in a place of ours."""

    def listening(self) -> tuple[Listening, ...]:
        """What its instances listen on now, on this machine."""

    def processes_of(self, id: str) -> tuple[int, ...]:
        """The pids, on this machine, of all that an instance runs."""

    def execute(self, id: str, argv: Sequence[str]) -> int:
        """Run a command beside an instance, with all that it sees, on this very terminal; its exit code."""

    def ask(self, id: str, argv: Sequence[str], seconds: float) -> Answered:
        """The same without a terminal, within so many seconds."""

    def freeze(self, ids: Collection[str]) -> None:
        """Have all that runs of them stand still, as it is."""

    def thaw(self, ids: Collection[str]) -> None:
        """Have it go on; nothing happens to what does not stand still, or is gone."""
