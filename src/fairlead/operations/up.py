"""Up and stop: bring an environment back as it was (after a reboot, a stop, a crash), or end all of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fairlead.errors import FairleadError
from fairlead.operations.environment import LOCK_PATIENCE, Environment, existing
from fairlead.operations.keeper import leave_keeper
from fairlead.operations.revive import revive
from fairlead.operations.rotation.recovery import prepare
from fairlead.operations.stores import ensure as stores
from fairlead.operations.transition import drop_waiting
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.state import STARTED, STOPPED
from fairlead.system.home import Place

END = 60.0  #: seconds supervisord may take to end what is left when an environment is stopped


def up(place: Place, wait: float = LOCK_PATIENCE, emit: Emit = silent) -> str | None:
    """Have the live release running and getting its traffic. Returns its id, None when nothing was ever live."""
    with existing(place, emit) as environment, environment.held(f"fairlead up {place.environment}", wait):
        if environment.state.stopped:
            environment.ledger.append(STARTED, {})
        drop_waiting(environment, "the environment was brought back before a person decided")
        with _kept(environment):
            prepare(environment)
            revive(environment)
        return environment.state.live


@contextlib.contextmanager
def _kept(environment: Environment) -> Iterator[None]:
    """What fails here may work in a minute, when nobody is there: the keeper goes on with it."""
    try:
        yield
    except FairleadError:
        with contextlib.suppress(FairleadError, OSError):
            leave_keeper(environment.place)
        raise


def stop(place: Place, wait: float = LOCK_PATIENCE, emit: Emit = silent) -> None:
    """End everything of the environment: requests in flight are finished first. `up` brings it back."""
    with existing(place, emit) as environment, environment.held(f"fairlead stop {place.environment}", wait):
        world = environment.world
        drop_waiting(environment, "the environment was stopped before a person decided")
        environment.ledger.append(STOPPED, {"live": environment.state.live})
        world.edge.down()
        instances = [one.id for one in world.runtime.observe()]
        world.drain(instances)
        world.runtime.stop(instances)
        stores.stop(environment.runtime, place)
        world.runtime.down(END)
