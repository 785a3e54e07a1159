"""Another Traefik in place of the one that serves, without a request lost.

Two Traefiks on one port lose requests: a new one listens before it has its routes. So a deputy starts on other ports
beside it, and gets new connections only when its API shows the routes: by a redirect in the door's network, which is
switched in one transaction. The old one has its clients come back on new connections, and is retired: it finishes what
it has, WebSockets too, and ends by itself.
Then the same the other way round, so that in peace there is no redirect that a restart could lose. Each step looks at
the world before it acts: whoever is killed here is followed by somebody who goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.edges.traefik.api import TraefikApi
from fairlead.edges.traefik.boxes import Boxes, Shape
from fairlead.errors import FairleadError
from fairlead.render.edge_containers import TRAEFIK
from fairlead.render.entrypoints import DEPUTY, MAIN
from fairlead.system.clock import wait_until

READY = 20.0  #: seconds a Traefik may take until its API shows the routes
TRIES = 2  #: restarts by the engine after which a new Traefik is given up
#: Seconds clients get to come back on new connections, and answers that began before they were told to get to end: once
#: a Traefik was told to go it ends a connection right behind the last byte of such an answer, without having said so.
SHED = 30.0


@dataclass(frozen=True)
class Replacement:
    """`api(role)` is the API of a Traefik; `proofs()` the names that it shows when it has everything.

    `own(shedding)` writes the routers to its own services, and who is to shed its clients; its proof is returned.
    """

    boxes: Boxes
    api: Callable[[str], TraefikApi]
    proofs: Callable[[], tuple[str, ...]]
    own: Callable[[tuple[str, ...]], str]
    shed: float = SHED

    def start(self, shape: Shape) -> None:
        """Have a deputy of this shape, which nobody is led to yet. FairleadError, without it, when it does not work."""
        self.boxes.end_traefik(DEPUTY, 0)
        try:
            self.boxes.have_traefik(shape, DEPUTY)
            why = "" if self._ready(DEPUTY) else self.boxes.said(DEPUTY) or ": it does not show its routes"
        except FairleadError as error:
            why = f": {error.message}"
        if why:
            self.boxes.end_traefik(DEPUTY, 0)
            raise FairleadError(f"another Traefik could not be started{why}", "the one before it serves on")

    def anew(self, shape: Shape) -> None:
        """Another Traefik of the same shape, where somebody has changed the one that serves."""
        self.start(shape)
        self.boxes.redirect(shape, on=True)
        self._retire(MAIN)
        self.finish(shape)

    def finish(self, shape: Shape) -> None:
        """From wherever it was left to a main Traefik of this shape alone."""
        if self.boxes.facts(TRAEFIK[DEPUTY]) is None:
            if self.boxes.redirects():  # somebody removed it
                self.boxes.redirect(shape, on=False)
            return
        if not self._main_serves(shape):
            if not self._deputy_serves(shape):
                self._without_deputy(shape)
                return
            self.boxes.redirect(shape, on=True)
            self._retire(MAIN)
            self.boxes.have_traefik(shape, MAIN)
            if not self._ready(MAIN):
                what = f"Traefik does not show its routes{self.boxes.said(MAIN)}"
                raise FairleadError(what, "its deputy serves on; the next command tries again")
        self.boxes.redirect(shape, on=False)
        self._retire(DEPUTY)

    def _main_serves(self, shape: Shape) -> bool:
        return self.boxes.is_current(shape, MAIN) and self._shows(MAIN)

    def _deputy_serves(self, shape: Shape) -> bool:
        return self.boxes.is_current(shape, DEPUTY) and self._ready(DEPUTY)

    def _without_deputy(self, shape: Shape) -> None:
        """It serves nobody: the door was started anew, or it never came up."""
        self.boxes.redirect(shape, on=False)
        self.boxes.end_traefik(DEPUTY, 0)

    def _retire(self, role: str) -> None:
        """Have its clients go to the other one, and take nothing new: who stays on it is let finish."""
        if self.boxes.facts(TRAEFIK[role]) is None:
            return
        api = self.api(role)
        proof = self.own((role,))
        if wait_until(lambda: api.has_middleware(proof), READY, 0.02, 0.1):
            wait_until(lambda: api.open_connections() == 0, self.shed, 0.05, 0.25)
        self.boxes.retire(role)
        self.own(())

    def _ready(self, role: str) -> bool:
        wait_until(lambda: self._shows(role) or self._fails(role), READY, 0.02, 0.1)
        return self._shows(role)

    def _fails(self, role: str) -> bool:
        """Whether it is in a crash loop: waiting longer would not help."""
        found = self.boxes.facts(TRAEFIK[role])
        return found is None or found.restarts >= TRIES

    def _shows(self, role: str) -> bool:
        api = self.api(role)
        return all(api.has_middleware(proof) for proof in self.proofs())
