"""The `docker` runtime."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from fairlead.engine.engine import Engine
from fairlead.engine.facts import ContainerFacts
from fairlead.engine.failures import EngineError, for_each
from fairlead.engine.networks import ensure_named, remove_networks
from fairlead.engine.owner import PREFIX, Owner, label
from fairlead.errors import FairleadError
from fairlead.masking import masked
from fairlead.render.networks import BACKEND
from fairlead.runtimes.base import Answered, Deviation, Instance, InstanceSpec, Listening, NotReady, Phase
from fairlead.runtimes.docker import drift, reason
from fairlead.runtimes.docker.connections import open_to
from fairlead.runtimes.docker.folder import ContainerFolder
from fairlead.runtimes.docker.making import Making
from fairlead.runtimes.docker.readiness import Probe
from fairlead.runtimes.docker.spec import alias_of, name_of
from fairlead.runtimes.failed import LINES, log_kept
from fairlead.runtimes.folder import folders
from fairlead.runtimes.probe import await_ready
from fairlead.supervisor.supervisor import Supervisor
from fairlead.system.home import Place

AFTER = 10.0  #: seconds the engine gets to end a container beyond its grace
KINDS: tuple[str, ...] = ("instance", "job")


class DockerRuntime:
    """Instances as containers, what was asked of them in `place.instances`; the keeper is under supervisord."""

    def __init__(self, place: Place, engine: Engine | None = None) -> None:
        self.place = place
        self.engine = engine or Engine()
        self.owner = Owner.of(place)
        self.supervisor = Supervisor(place)
        self._making = Making(place, self.engine, self.owner)
        self._rechecks: dict[str, Probe] = {}

    def up(self) -> None:
        """Have supervisord running, which looks after the keeper. EngineDown when the engine does not answer."""
        self.engine.ping()
        self.supervisor.start()

    def down(self, seconds: float) -> None:
        """Stop and remove every container, and networks nobody is in any more; volumes stay. Then supervisord."""
        ids = [one.id for one in self.observe()]
        self.stop(ids)
        for facts in self._containers().values():
            self.engine.remove(facts.id)
        remove_networks(self.engine, self.owner)
        self.supervisor.shutdown(seconds)

    def observe(self) -> tuple[Instance, ...]:
        """Every instance with a folder, and every container of ours whose folder is lost."""
        found = self._containers()
        known = {folder.id for folder in folders(self.place.instances) if folder.spec()}
        return tuple(self._look(id, found.get(id)) for id in sorted(known | found.keys()))

    def _containers(self) -> dict[str, ContainerFacts]:
        """By id. What somebody made of one of ours (`docker commit`, `docker run`) has its labels, not its name."""
        found: dict[str, ContainerFacts] = {}
        for one in self.engine.containers(self.owner.labels(), [(f"{PREFIX}kind", kind) for kind in KINDS]):
            id = label(one.labels, "id")
            if id.count(".") == 2 and (id not in found or one.name == name_of(self.owner, id)):
                found[id] = one
        return found

    def _look(self, id: str, facts: ContainerFacts | None) -> Instance:
        folder = self._folder(id)
        spec = folder.spec() or _labelled(facts)
        if facts and facts.started and folder.path.exists():
            folder.saw(facts)
        running = facts is not None and facts.running
        return Instance(
            id, spec["release"], spec["service"], spec["index"], spec["port"], phase_of(facts, folder),
            facts is not None and folder.verified(facts.start_mark), len(folder.starts()),
            facts.pid if facts and running else None, spec["job"], (facts and facts.fixed_address) or alias_of(id),
        )  # fmt: skip

    def start(self, specs: Sequence[InstanceSpec]) -> None:
        """Create what is missing, then start what does not run. One that fails does not keep the others from it."""
        self._finish_stops([spec.id for spec in specs])
        ensure_named(self.engine, self.owner, {name for spec in specs for name in _networks(spec)})
        for_each(lambda spec: self._making.have(spec, self._facts(spec.id)), specs)

    def restart(self, ids: Collection[str]) -> None:
        """Start stopped instances as they were, with the values that their secrets have now."""
        self._finish_stops(ids)
        specs = [spec for id in ids if (spec := self._folder(id).instance_spec())]
        ensure_named(self.engine, self.owner, {name for spec in specs for name in _networks(spec)})
        for_each(lambda spec: self._making.have_again(spec, self._facts(spec.id)), specs)

    def _finish_stops(self, ids: Collection[str]) -> None:
        """What is ending still answers its health check."""
        if ending := [one.id for one in self.observe() if one.id in ids and one.phase == "stopping"]:
            self.stop(ending)

    def _facts(self, id: str) -> ContainerFacts | None:
        """Our container of that id. EngineError when somebody else's has its name."""
        facts = self.engine.container(name_of(self.owner, id))
        if facts is not None and not self._is(facts, id):
            hint = f"rename or remove it: docker rename {facts.name} OTHER"
            raise EngineError(f"{id}: container {facts.name} is there and is not Fairlead's", hint)
        return facts

    def _is(self, facts: ContainerFacts, id: str) -> bool:
        return self.owner.owns(facts.labels) and label(facts.labels, "id") == id

    def recheck(self) -> None:
        """One look at each instance that lives and was not found ready since it started; verify those that are."""
        for one in self.observe():
            spec = self._folder(one.id).instance_spec()
            if spec is None or not one.living or one.verified or one.job:
                self._rechecks.pop(one.id, None)
                continue
            probe = self._rechecks.get(one.id)
            if probe is None:
                self._rechecks[one.id] = probe = self._probe(spec, endless=True)
            if probe.ready():
                probe.verify()

    def _probe(self, spec: InstanceSpec, endless: bool = False) -> Probe:
        health = replace(spec.health, deadline=math.inf) if endless else spec.health
        folder = self._folder(spec.id)
        return Probe(
            folder=folder, health=health, port=spec.port, engine=self.engine, owner=self.owner, spec=spec,
        )  # fmt: skip

    def await_ready(self, ids: Collection[str], progress: Callable[[str], None]) -> None:
        """Probe all of them side by side."""
        probes = {id: self._probe(self._wanted(id)) for id in ids}
        try:
            await_ready(list(probes.values()), lambda id: probes[id].dead(), progress)
        except NotReady as error:
            id = error.message.partition(":")[0]
            last = probes[id].last_end()
            why = f" ({last})" if last and last not in error.message else ""
            raise NotReady(error.message + why + self._shown_tail(id), self._log_kept(id)) from error

    def _wanted(self, id: str) -> InstanceSpec:
        spec = self._folder(id).instance_spec()
        if spec is None:
            raise NotReady(f"{id}: is not known here", "deploy again")
        return spec

    def open_connections(self, ids: Collection[str]) -> int:
        """TCP connections to their ports; where they cannot be seen, one for each instance that runs."""
        found = self._containers()
        ports = {one.id: one.port for one in self.observe() if one.id in ids and one.port and one.living}
        return sum(open_to(self.engine, found[id], port) for id, port in ports.items() if port and id in found)

    def end(self, ids: Collection[str]) -> None:
        """Have the engine signal them, and kill them after their grace; no waiting."""
        for id in ids:
            facts, folder = self._facts_or_none(id), self._folder(id)
            if facts is None or facts.state not in ("running", "paused", "restarting"):
                continue
            if not facts.running or folder.ending(facts) is None:
                if folder.path.exists():
                    folder.told_to_end(facts)
                self.engine.begin_stop(facts.id, folder.stop().grace)

    def _facts_or_none(self, id: str) -> ContainerFacts | None:
        facts = self.engine.container(name_of(self.owner, id))
        return facts if facts and self._is(facts, id) else None

    def stop(self, ids: Collection[str]) -> None:
        """End them and wait; what the engine did not end in time is killed."""
        self.end(ids)
        begun = time.monotonic()
        for id in ids:
            facts = self._facts_or_none(id)
            if facts and facts.state in ("running", "paused", "restarting"):
                self._await_end(facts, begun + self._folder(id).stop().grace + AFTER)

    def _await_end(self, facts: ContainerFacts, deadline: float) -> None:
        if self.engine.wait(facts.id, max(0.5, deadline - time.monotonic())) is None:
            self.engine.signal(facts.id, "SIGKILL")
            self.engine.wait(facts.id, AFTER)

    def remove(self, ids: Collection[str]) -> None:
        """The container first, the folder that names it last."""
        for id in ids:
            if facts := self._facts_or_none(id):
                self.engine.remove(facts.id)
            self._folder(id).remove()

    def run_job(self, spec: InstanceSpec, timeout: float) -> None:
        """As a container of its own, so that a killed deployer leaves nothing unknown behind."""
        self.start([spec])
        facts = self._facts(spec.id)
        code = self.engine.wait(facts.id, timeout) if facts and not facts.error else None
        late = code is None and facts is not None and not facts.error
        self.stop([spec.id])
        ended = self._facts(spec.id)
        shown = self._shown_tail(spec.id)
        if late:
            what = f"job {spec.service}: not finished within {timeout:g} s{shown}"
            raise FairleadError(what, self._log_kept(spec.id))
        if ended is None or ended.exit_code or ended.error or ended.out_of_memory:
            seen = ended and reason.found(self.engine, ended)
            raise FairleadError(f"job {spec.service}: ended with {_job_end(seen)}{shown}", self._log_kept(spec.id))

    def log_tail(self, id: str, lines: int) -> str:
        """The end of what it said, without what looks like a secret or is known to be one."""
        self._folder(id).learn_secrets()
        facts = self._facts_or_none(id)
        return masked(self.engine.log(facts.id, lines).rstrip("\n")) if facts else ""

    def last_end(self, id: str) -> str:
        """As the engine has it, or heard of it."""
        facts = self._facts_or_none(id)
        return reason.last_end(self.engine, facts) if facts else ""

    def deviations(self, specs: Sequence[InstanceSpec]) -> tuple[Deviation, ...]:
        """By what the engine says of each container, and of who is in the networks of the environment."""
        found = drift.deviations(specs, self._containers(), self._making.wanted)
        return (*found, *drift.of_networks(self.engine, self.owner))

    def listening(self) -> tuple[Listening, ...]:
        """What each listens on in its own network, and what is published of it."""
        return drift.listening(self._containers())

    def processes_of(self, id: str) -> tuple[int, ...]:
        """All in its container."""
        facts = self._facts_or_none(id)
        return self.engine.processes(facts.id) if facts and facts.running else ()

    def execute(self, id: str, argv: Sequence[str]) -> int:
        """In its container."""
        from fairlead.engine.attached import execute  # noqa: PLC0415 — knows terminals, which nothing else here needs

        facts = self._facts(id)
        if facts is None:
            raise EngineError(f"{id}: its container is gone", f"see fairlead status {self.place.environment}")
        return execute(self.engine, facts.id, argv)

    def ask(self, id: str, argv: Sequence[str], seconds: float) -> Answered:
        """In its container."""
        self._folder(id).learn_secrets()
        ran = self.engine.run(name_of(self.owner, id), argv, seconds=seconds)
        return Answered(ran.code, ran.output, ran.ended)

    def freeze(self, ids: Collection[str]) -> None:
        """As the engine does it, by the group of processes that a container is."""
        for id in ids:
            self.engine.pause(name_of(self.owner, id))

    def thaw(self, ids: Collection[str]) -> None:
        """As the engine does it."""
        for id in ids:
            self.engine.unpause(name_of(self.owner, id))

    def _shown_tail(self, id: str) -> str:
        text = self.log_tail(id, 12).strip()
        return "\n" + "\n".join("  " + line for line in text.splitlines()) if text else ""

    def _log_kept(self, id: str) -> str | None:
        return log_kept(self.place, self.log_tail(id, LINES))

    def _folder(self, id: str) -> ContainerFolder:
        return ContainerFolder(self.place.instances / id)


def phase_of(facts: ContainerFacts | None, folder: ContainerFolder) -> Phase:
    """How the engine's word for it is called here."""
    if facts is None:
        return "stopped"
    if folder.ended_unnoticed(facts):
        return "backoff"  # whoever asks again soon is told what became of it
    if facts.running:
        return "running" if folder.ending(facts) is None else "stopping"
    if facts.state == "restarting":
        return "backoff"
    return "failed" if facts.error and not facts.out_of_memory else "stopped"


def _job_end(facts: ContainerFacts | None) -> str:
    if facts is None:
        return "an unknown state"
    return reason.ended(facts) if facts.error or facts.out_of_memory or facts.exit_code > 124 else str(facts.exit_code)


def _labelled(facts: ContainerFacts | None) -> dict[str, Any]:
    """What the labels of a container tell whose folder is lost."""
    labels = facts.labels if facts else {}
    index = label(labels, "index")
    return {
        "release": label(labels, "release"),
        "service": label(labels, "service"),
        "index": int(index) if index.isdecimal() else 0,
        "port": None,
        "job": label(labels, "kind") == "job",
    }


def _networks(spec: InstanceSpec) -> tuple[str, ...]:
    return spec.container.networks or (BACKEND,)
