"""Fairlead's edge over back ends in this process: tables in few words, and requests as users send them."""

import contextlib
import os
import signal

import asking
import backends
from running import free_port, processes_with
from tests.docker_engine import unique

from fairlead.edges.traefik.container import ContainerEdge
from fairlead.edges.traefik.edge import TraefikEdge
from fairlead.engine.networks import remove_networks
from fairlead.project.stack import Edge
from fairlead.render.edge import EdgeRoute, EdgeTable, HeaderRoute, Pool
from fairlead.render.edge_containers import DOOR, RETIRED, TRAEFIK
from fairlead.render.entrypoints import MAIN
from fairlead.system import processes
from fairlead.system.home import Place


class Rig:
    """An edge in a place of its own. Releases are `r1`, `r2` …, the service is `web` unless said otherwise."""

    hosts = ()  #: of every pool; empty: loopback

    def __init__(self, root, project="shop"):
        self.place = Place(root / "home" / project / "test")
        self.place.create()
        self.port = free_port()
        self.listen = Edge(http=self.port, address="127.0.0.1")
        self.edge = self.made()

    def made(self):
        return TraefikEdge(self.place)

    @property
    def files(self):
        """The folder that Traefik reads."""
        return self.edge.configuration

    def table(self, pools, weights=None, path="/", host=None, headers=()):
        """One route: `pools` release → ports, `weights` release → percent (default: all to the first)."""
        weights = weights or {next(iter(pools)): 100}
        made = tuple(
            Pool("web", release, tuple(ports), self.hosts * len(tuple(ports))) for release, ports in pools.items()
        )
        route = EdgeRoute(
            path, host, tuple((f"web-{release}", weight) for release, weight in weights.items() if weight)
        )
        return EdgeTable(made, (route,), tuple(HeaderRoute(path, host, r, f"web-{r}") for r in headers), self.listen)

    def route(self, pools, weights=None, **more):
        self.edge.route(self.table(pools, weights, **more))

    def ask(self, path="/", **more):
        return asking.ask(self.port, path, **more)

    def process(self):
        """Traefik itself."""
        return processes.from_mark((self.place.edge / "starts").read_text().splitlines()[-1])

    def kill(self):
        processes.signal_group(self.process().pid, signal.SIGKILL)

    def end(self):
        """Nothing of it may outlive the test."""
        with contextlib.suppress(OSError):
            self.edge.supervisor.end(["edge"])
        if process := self.process() if (self.place.edge / "starts").exists() else None:
            processes.end_group(process, signal.SIGTERM, 2)
        with contextlib.suppress(OSError):
            self.edge.supervisor.shutdown(10)
        self.place.socket().unlink(missing_ok=True)
        for pid in processes_with(str(self.place.root)):
            processes.kill((pid,))


class ContainerRig(Rig):
    """The same, with an edge in containers. Back ends are reached at the address of the engine's own bridge."""

    def __init__(self, root, project=None):
        self.hosts = tuple(backends.ALSO[:1])
        super().__init__(root, project or unique())

    def made(self):
        return ContainerEdge(self.place)

    def facts(self, short=TRAEFIK[MAIN]):
        return self.edge.boxes.facts(short)

    def retired(self):
        """The names of those that have been replaced."""
        boxes = self.edge.boxes
        return sorted(name for name in boxes.engine.names() if name.startswith(boxes.name(RETIRED)))

    def process(self):
        found = self.facts()
        return processes.look(found.pid) if found and found.pid else None

    def kill(self, short=TRAEFIK[MAIN]):
        """Its first process, which nobody but the kernel and the engine learns of."""
        os.kill(self.facts(short).pid, signal.SIGKILL)

    def end(self):
        engine = self.edge.boxes.engine
        for name in self.retired():
            engine.remove(name)
        for short in (*TRAEFIK.values(), DOOR):
            engine.remove(self.edge.boxes.name(short))
        remove_networks(engine, self.edge.boxes.owner)
