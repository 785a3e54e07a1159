"""The way over the network to a PostgreSQL that Fairlead runs, as its services have it.

This machine reaches no store in a container, by design. There a container of the store's own image goes into one of its
networks, and a port of loopback leads through it: the server sees a client on its network, in TLS from end to end.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from fairlead.certificates.internal import InternalCa
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret
from fairlead.postgres.connection import address
from fairlead.project.stack import RuntimeName, Store
from fairlead.render.networks import store_networks
from fairlead.stores.base import Address
from fairlead.stores.handover import by_network
from fairlead.stores.table import stores_of
from fairlead.system.home import Place

LIFE = 172_800  #: seconds after which a container of somebody who was killed ends; who comes by it may need hours

Enter = Callable[[str, str, Secret], dict[str, Any]]
"""Database, role, password: what the driver is told."""


@contextlib.contextmanager
def entrance(place: Place, runtime: RuntimeName, store: Store) -> Iterator[Enter]:
    """As long as the block lasts. Refused while it does not run; FairleadError, with why nothing leads there."""
    where = stores_of(runtime, place).address(store)
    if where is None:
        raise Refused(f"{store.name} was never started in {place.environment}", f"fairlead deploy {place.environment}")
    authority = InternalCa.of(place)
    _ = authority.root_pem  # the file is there from now on

    def enter(database: str, role: str, password: Secret) -> dict[str, Any]:
        url = by_network(database, where, role, password, str(authority.root_path))
        return dict(address(url, database, several=True).parameters)

    if runtime != "docker":
        yield enter
        return
    with through(place, store, where) as port:
        yield lambda *given: {**enter(*given), "hostaddr": "127.0.0.1", "port": str(port)}


@contextlib.contextmanager
def through(place: Place, store: Store, where: Address) -> Iterator[int]:
    """A port of loopback that leads to it. Refused while it does not run."""
    from fairlead.engine.engine import Engine  # noqa: PLC0415 — only with an engine
    from fairlead.engine.owner import Owner  # noqa: PLC0415
    from fairlead.engine.pipes import Inside  # noqa: PLC0415
    from fairlead.engine.relay import relay  # noqa: PLC0415
    from fairlead.render.container import ContainerSpec, Joined  # noqa: PLC0415

    engine, owner = Engine(), Owner.of(place)
    facts = engine.container(owner.name(store.name))
    if facts is None or not facts.running or not owner.owns(facts.labels):
        raise Refused(f"{store.name} does not run", f"start it: fairlead stores apply {place.environment}")
    name = owner.name(f"{store.name}.asks-{secrets.token_hex(4)}")  # a dot: no store has one
    spec = ContainerSpec(
        name=name, image=facts.image, entrypoint=("sleep",), argv=(str(LIFE),), user="65534:65534", restart="no",
        labels=owner.labels("helper", asks=store.name), networks=(Joined(owner.name(store_networks(store)[0])),),
        stop_grace=0.0, more={"AutoRemove": True},
    )  # fmt: skip
    try:
        engine.start(engine.create(spec))
        with relay(Inside(engine, name), where.host, where.port) as made:
            try:
                yield made.port
            except FairleadError as error:
                why = f"{error.message}; the way there: {made.failure}" if made.failure else error.message
                raise FairleadError(why, error.hint) from error
    finally:
        engine.remove(name)
