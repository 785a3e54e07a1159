"""Is a container ready? Asked at its address where this machine reaches it, else by a command in it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from fairlead.engine.engine import Engine
from fairlead.engine.facts import ContainerFacts
from fairlead.engine.failures import EngineError
from fairlead.engine.owner import Owner
from fairlead.render.networks import DATABASE
from fairlead.runtimes import probe
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.docker import reason
from fairlead.runtimes.docker.folder import ContainerFolder
from fairlead.runtimes.docker.spec import command_of, name_of
from fairlead.system import http, sockets
from fairlead.system.http import Answer

CRASH_LOOP = 3  #: ends of an instance that is being awaited after which it is called a crash loop
UNSEEN = 8  #: ends after which it is called so without a word of why
UNREACHABLE = "this machine reaches none of its networks; name a health.command, or put it in backend too"


@dataclass(kw_only=True)
class Probe(probe.Probe):
    """The readiness of one container."""

    folder: ContainerFolder
    engine: Engine
    owner: Owner
    spec: InstanceSpec
    facts: ContainerFacts | None = None
    ends: int | None = None  #: how often the engine had started it again when this began
    last: ContainerFacts | None = None  #: when it had ended last

    def _mark(self) -> str:
        self.facts = facts = self.engine.container(name_of(self.owner, self.spec.id))
        if facts is None:
            return ""
        self.ends = facts.restarts if self.ends is None or facts.restarts < self.ends else self.ends
        if not facts.running:
            self.last = facts
            return ""
        self.folder.saw(facts)
        return facts.start_mark

    def _asked(self) -> Answer | None:
        if command := command_of(self.health, self.spec):
            return self._command(command)
        if self.port is None:
            return None
        address = address_of(self.owner, self.facts)
        if not address:
            return Answer(0, error=UNREACHABLE)
        if self.health.ready is None:
            return http.connects(self.port, self.health.timeout, address)
        return http.get(self.port, self.health.ready, self.health.timeout, host=address)

    def _command(self, argv: tuple[str, ...]) -> Answer:
        try:
            ran = self.engine.run(name_of(self.owner, self.spec.id), argv, seconds=self.health.timeout)
        except EngineError as error:  # it may have ended in between
            return Answer(0, error=error.message)
        if not ran.ended:
            return Answer(0, error=f"{argv[0]}: no end within {self.health.timeout:g} s")
        last = (ran.output.strip().splitlines() or [""])[-1]
        return Answer(200) if ran.code == 0 else Answer(0, error=f"{argv[0]} ended with {ran.code}: {last}")

    def _elsewhere(self) -> str:
        """Where it listens instead: on its own loopback address, or on another port."""
        if not self.facts or not self.port or not self.facts.pid:
            return ""
        found = sockets.listeners(self.facts.pid)
        public = {one.port for one in found if not ipaddress.ip_address(one.address).is_loopback}
        if self.port in public:
            return ""
        if self.port in {one.port for one in found}:
            return f"; it listens on port {self.port} of 127.0.0.1, which is its own alone: have it listen on 0.0.0.0"
        others = ", ".join(map(str, sorted(public)))
        return f"; it listens on {others}, not on port {self.port}" if others else ""

    def _own(self) -> bool:
        """It has not been started again since it was asked."""
        return self._mark() == self.mark

    def verify(self) -> None:
        """Write down that this start is ready."""
        if self.facts:
            self.folder.found_ready(self.facts, address_of(self.owner, self.facts))

    def dead(self) -> str:
        """Why there is no point in waiting any longer; empty while there is."""
        facts = self.facts
        if facts is None:
            return "its container is gone"
        if facts.running:
            return "is being stopped" if self.folder.ending(facts) is not None else self._looping(facts)
        if facts.state == "restarting":
            return self._looping(facts)
        return self._why(facts) if facts.state in ("exited", "dead") or facts.error else ""

    def _looping(self, facts: ContainerFacts) -> str:
        """An engine that has much to do forgets soon why something ended. It waits longer each time before it starts it
        again, so it is seen ended in a moment."""
        ends = facts.restarts - (self.ends or 0)
        if ends < CRASH_LOOP:
            return ""
        why = self.last_end() or reason.last_end(self.engine, facts)
        if not why and ends < UNSEEN:
            return ""
        return f"crash loop: ended {ends} times before it was ready: {why or 'its log may say why'}"

    def last_end(self) -> str:
        """Why it ended last; empty when it was not seen to end."""
        return self._why(self.last) if self.last else ""

    def _why(self, facts: ContainerFacts) -> str:
        return reason.ended(reason.found(self.engine, facts))


def address_of(owner: Owner, facts: ContainerFacts | None) -> str:
    """Where this machine reaches it; empty when it does not."""
    sealed = owner.name(DATABASE)
    found = facts.addresses.items() if facts else ()
    return next((address for network, address in found if network != sealed), "")
