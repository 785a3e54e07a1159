"""The `process` runtime."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.masking import masked
from fairlead.render.supervisord import Program
from fairlead.runtimes.base import Answered, Deviation, Instance, InstanceSpec, Listening, NotReady, Phase
from fairlead.runtimes.failed import LINES, log_kept
from fairlead.runtimes.folder import InstanceFolder, folders
from fairlead.runtimes.probe import await_ready
from fairlead.runtimes.process import drift, readiness
from fairlead.runtimes.process.folder import INSTANCE_MARK, ProcessFolder
from fairlead.runtimes.process.log_marks import Marks
from fairlead.runtimes.process.logs import rotate, tail
from fairlead.supervisor.supervisor import ProgramState, Supervisor, base_environment, launched
from fairlead.system import processes, sockets
from fairlead.system.clock import wait_until
from fairlead.system.commands import Command, attached, run
from fairlead.system.home import Place
from fairlead.system.ports import Ports

PHASES: dict[str, Phase] = {
    "RUNNING": "running", "STARTING": "starting", "STOPPING": "stopping", "BACKOFF": "backoff", "FATAL": "failed",
}  # fmt: skip
CRASH_LOOP = 3  #: starts of an instance that is being awaited after which it is called a crash loop


class ProcessRuntime:
    """Instances under supervisord, their files in `place.instances`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.supervisor = Supervisor(place)
        self.ports = Ports(place.ports)
        self._rechecks: dict[str, readiness.Probe] = {}

    def up(self) -> None:
        """Have supervisord running."""
        self.supervisor.start()

    def down(self, seconds: float) -> None:
        """Stop every instance, survivors too, then supervisord."""
        self.stop([instance.id for instance in self.observe()])
        self.supervisor.shutdown(seconds)

    def observe(self) -> tuple[Instance, ...]:
        """Every instance with a spec."""
        states = self.supervisor.programs()
        seen = (self._look(folder, states.get(folder.id)) for folder in folders(self.place.instances))
        return tuple(instance for instance in seen if instance)

    def _look(self, folder: InstanceFolder, state: ProgramState | None) -> Instance | None:
        spec = folder.spec()
        if spec is None:
            return None
        starts = folder.starts()
        process = processes.from_mark(starts.last)
        port = self.ports.held(str(folder.path)) if spec.get("damaged") else spec["port"]
        phase = PHASES.get(state.state, "stopped") if state else "stopped"
        if process and (phase == "stopped" or (state and state.pid not in (0, process.pid))):
            phase = "survivor"
        return Instance(
            folder.id, spec["release"], spec["service"], spec["index"], port, phase,
            process is not None and folder.verified(process.mark),
            len(starts), process.pid if process else None, spec["job"],
        )  # fmt: skip

    def start(self, specs: Sequence[InstanceSpec]) -> None:
        """Create what is missing, then start what does not run."""
        self.supervisor.start()
        self._finish_stops({spec.id for spec in specs})
        seen = {instance.id: instance for instance in self.observe()}
        missing = [spec for spec in specs if spec.id not in seen or not seen[spec.id].living]
        self._count_anew(seen[spec.id] for spec in missing if spec.id in seen)
        for spec in missing:
            self._create(spec)
        self.supervisor.add([self._program(spec.id, restart=not spec.job) for spec in missing])
        self.supervisor.begin([spec.id for spec in missing])

    def _create(self, spec: InstanceSpec) -> None:
        folder = self._folder(spec.id)
        stored = folder.spec()
        port = stored["port"] if stored else None
        if spec.listens and (port is None or not sockets.bindable(port)):
            if port is not None:
                self.ports.give(port)
            port = self.ports.take(str(folder.path))
        folder.create(spec, port)

    def _program(self, id: str, restart: bool) -> Program:
        folder = self._folder(id)
        stop = folder.stop()
        return Program(
            id, launched(folder.spec_file), stop.signal, stop.grace, restart, start_seconds=1 if restart else 0
        )

    def restart(self, ids: Collection[str]) -> None:
        """Start stopped instances from their stored specs."""
        self.supervisor.start()
        self._finish_stops(ids)
        known = self.supervisor.programs()
        dead = [one for one in self.observe() if one.id in ids and not one.living]
        for one in dead:
            self._have_port(one)
        self._count_anew(dead)
        self.supervisor.add([self._program(one.id, not one.job) for one in dead if one.id not in known])
        self.supervisor.begin([one.id for one in dead])

    def _count_anew(self, found: Iterable[Instance]) -> None:
        """Of those that were stopped; one that supervisord gave up goes on with its crash loop."""
        for one in found:
            if one.phase == "stopped":
                self._folder(one.id).count_anew()

    def _have_port(self, one: Instance) -> None:
        """Another one where a program that is not Fairlead has taken its port while it did not run."""
        if one.port and not sockets.bindable(one.port):
            folder = self._folder(one.id)
            self._rechecks.pop(one.id, None)
            self.ports.give(one.port)
            folder.move(self.ports.take(str(folder.path)))

    def _finish_stops(self, ids: Collection[str]) -> None:
        """supervisord starts nothing that is still ending, and what is ending still answers its health check."""
        ending = [one.id for one in self.observe() if one.id in ids and one.phase == "stopping"]
        if ending:
            self.stop(ending)

    def recheck(self) -> None:
        """One look at each instance that lives and was not found ready since it started; verify those that are."""
        for one in self.observe():
            if not one.living or one.verified or one.job:
                self._rechecks.pop(one.id, None)
                continue
            folder = self._folder(one.id)
            probe = self._rechecks.get(one.id)
            if probe is None:
                health = replace(folder.health(), deadline=math.inf)
                self._rechecks[one.id] = probe = readiness.Probe(folder, health, one.port)
            if probe.ready():
                probe.verify()

    def await_ready(self, ids: Collection[str], progress: Callable[[str], None]) -> None:
        """Probe all of them side by side."""
        chosen = [self._folder(id) for id in ids]
        probes = [readiness.Probe(folder, folder.health(), (folder.spec() or {}).get("port")) for folder in chosen]
        begun = {folder.id: len(folder.starts()) for folder in chosen}
        try:
            await_ready(probes, lambda id: self._dead(id, begun[id]), progress)
        except NotReady as error:
            id = error.message.partition(":")[0]
            raise NotReady(error.message + self._shown_tail(id), self._log_kept(id)) from error

    def _dead(self, id: str, begun: int) -> str:
        """Why there is no point in waiting any longer; empty while there is."""
        folder = self._folder(id)
        starts = len(folder.starts()) - max(begun, 1)
        if starts >= CRASH_LOOP - 1:
            return f"crash loop: ended {starts + 1} times before it was ready"
        state = self.supervisor.programs().get(id)
        if state and state.state == "STOPPING":
            return "is being stopped"
        if folder.process():
            return ""
        if state is None:
            return "is not known to supervisord"
        return f"gave up starting: {state.why or f'exit code {state.exit_code}'}" if state.state == "FATAL" else ""

    def open_connections(self, ids: Collection[str]) -> int:
        """TCP connections to their ports; upgraded ones count too."""
        ports = {one.port for one in self.observe() if one.id in ids and one.port and one.living}
        return sockets.open_to(*ports)

    def end(self, ids: Collection[str]) -> None:
        """Signal, no waiting; supervisord kills after the grace."""
        for one in self.observe():
            if one.id in ids and one.phase == "survivor" and one.pid:
                processes.signal_group(one.pid, self._signal(one.id))
            elif one.id in ids and one.phase != "stopped":
                self.supervisor.end([one.id])

    def stop(self, ids: Collection[str]) -> None:
        """End them and wait; whatever is left of a group after the grace is killed, also of one whose leader died."""
        leaders = {one.id: process for one in self.observe() if one.id in ids and (process := self._process(one.id))}
        self.end(ids)
        graces = {id: self._folder(id).stop().grace for id in leaders}
        begun = time.monotonic()
        for id, leader in leaders.items():
            self._await_end(leader, begun + graces[id])
            self.supervisor.wake()
        wait_until(lambda: not self._unsettled(ids), 10)
        for id in ids:
            processes.kill(processes.orphans(self._folder(id).starts().last))
        self._end_strays(ids, max([begun + grace for grace in graces.values()], default=begun))

    def _await_end(self, leader: processes.Process, deadline: float) -> None:
        """The grace is for the whole group: a leader may go before those that finish its work."""
        processes.wait_exit(leader, max(0.0, deadline - time.monotonic()))
        wait_until(lambda: not processes.group_members(leader.pid), max(0.0, deadline - time.monotonic()))
        if processes.group_members(leader.pid):
            processes.signal_group(leader.pid, signal.SIGKILL)
            processes.wait_exit(leader, 5)

    def _end_strays(self, ids: Collection[str], deadline: float) -> None:
        """What left the group (a daemon of its own) is asked to end too, and killed when the grace is over."""
        if strays := self._strays(ids):
            processes.kill(strays, signal.SIGTERM)
            wait_until(lambda: not self._strays(ids), max(1.0, deadline - time.monotonic()))
            processes.kill(self._strays(ids))

    def _strays(self, ids: Collection[str]) -> tuple[int, ...]:
        return processes.with_environment([f"{INSTANCE_MARK}={self._folder(id).path}" for id in ids])

    def _unsettled(self, ids: Collection[str]) -> bool:
        return any(one.id in ids and one.phase not in ("stopped", "failed") for one in self.observe())

    def remove(self, ids: Collection[str]) -> None:
        """Port and program first, the folder that names them last."""
        processes.kill(self._strays(ids))
        for id in ids:
            folder = self._folder(id)
            self.supervisor.remove([id])
            self.ports.give_up(str(folder.path))
            folder.remove()

    def run_job(self, spec: InstanceSpec, timeout: float) -> None:
        """Under supervisord too, so that a killed deployer leaves nothing unknown behind."""
        self.start([spec])
        ended = wait_until(lambda: not self._job_runs(spec.id), timeout)
        state = self.supervisor.programs().get(spec.id)
        self.stop([spec.id])
        shown = self._shown_tail(spec.id)
        if not ended:
            what = f"job {spec.service}: not finished within {timeout:g} s{shown}"
            raise FairleadError(what, self._log_kept(spec.id))
        if state is None or state.exit_code != 0 or state.state == "FATAL":
            code = state.exit_code if state else "an unknown state"
            raise FairleadError(f"job {spec.service}: ended with {code}{shown}", self._log_kept(spec.id))

    def _job_runs(self, id: str) -> bool:
        state = self.supervisor.programs().get(id)
        return bool(state and state.state in ("STARTING", "RUNNING", "STOPPING")) or self._process(id) is not None

    def log_tail(self, id: str, lines: int) -> str:
        """The end of the instance's log, without what looks like a secret or is known to be one."""
        folder = self._folder(id)
        folder.learn_secrets()
        return masked(tail(folder.log, lines))

    def last_end(self, id: str) -> str:
        """As supervisord has it, which forgets that once it has started it again."""
        state = self.supervisor.programs().get(id)
        if state is None:
            return ""
        return f"exit code {state.exit_code}" if state.exit_code > 0 else state.why

    def deviations(self, specs: Sequence[InstanceSpec]) -> tuple[Deviation, ...]:
        """By the stored specs, the supervisor and what the kernel says of each process."""
        return drift.deviations(specs, self.observe(), self._folder)

    def listening(self) -> tuple[Listening, ...]:
        """All ports of all processes of each instance."""
        return drift.listening(self.observe())

    def processes_of(self, id: str) -> tuple[int, ...]:
        """Its process group."""
        leader = self._process(id)
        return processes.group_members(leader.pid) if leader else ()

    def execute(self, id: str, argv: Sequence[str]) -> int:
        """In the folder of the instance and with its environment; `${NAME}` of it is the caller's business."""
        return attached(argv, *self._surroundings(id))

    def ask(self, id: str, argv: Sequence[str], seconds: float) -> Answered:
        """In the same folder, with the same environment."""
        self._folder(id).learn_secrets()
        outcome = run(Command(tuple(argv), *self._surroundings(id), timeout=seconds))
        return Answered(outcome.code, outcome.output, not outcome.timed_out)

    def freeze(self, ids: Collection[str]) -> None:
        """Its process group."""
        self._tell(ids, signal.SIGSTOP)

    def thaw(self, ids: Collection[str]) -> None:
        """Its process group."""
        self._tell(ids, signal.SIGCONT)

    def _tell(self, ids: Collection[str], number: signal.Signals) -> None:
        for leader in map(self._process, ids):
            if leader and leader.alive():
                processes.signal_group(leader.pid, number)

    def _surroundings(self, id: str) -> tuple[Path, dict[str, str]]:
        spec = self._folder(id).spec() or {}
        if "argv" not in spec:
            raise FairleadError(f"{id}: its description is damaged", "deploy again")
        secret = {name: Path(path).read_bytes() for name, path in spec.get("secret_env", {}).items()}
        env = base_environment() | spec["env"] | {name: os.fsdecode(value) for name, value in secret.items()}
        del env[INSTANCE_MARK]  # it is no part of the instance, and does not end with it
        return Path(spec["cwd"]), env

    def _shown_tail(self, id: str) -> str:
        text = self.log_tail(id, 12).strip()
        return "\n" + "\n".join("  " + line for line in text.splitlines()) if text else ""

    def _log_kept(self, id: str) -> str | None:
        return log_kept(self.place, self.log_tail(id, LINES))

    def _folder(self, id: str) -> ProcessFolder:
        return ProcessFolder(self.place.instances / id)

    def _process(self, id: str) -> processes.Process | None:
        return self._folder(id).process()

    def _signal(self, id: str) -> signal.Signals:
        return signal.Signals[self._folder(id).stop().signal]


def log_files(place: Place) -> dict[str, Path]:
    """The current log of every instance, by id."""
    return {folder.id: folder.log for folder in folders(place.instances)}


def rotate_logs(place: Place, marks: Marks) -> None:
    """Keep the log of every instance as small as its service says."""
    for folder in map(ProcessFolder, [one.path for one in folders(place.instances)]):
        bounds = folder.logs()
        rotate(folder.log, bounds.size, bounds.files, marks)


def learn_secrets(place: Place, id: str) -> None:
    """Have what this instance was handed masked from now on, before its log is shown."""
    InstanceFolder(place.instances / id).learn_secrets()
