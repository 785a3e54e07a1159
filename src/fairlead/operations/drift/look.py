"""What differs. The live release says what there should be; runtime, edge and stores are asked what there is.

Nothing is believed to be right because it was right when it was started: people log in to servers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from shlex import quote
from typing import Any

from fairlead.artifacts import Release
from fairlead.artifacts.release import IMAGE
from fairlead.errors import FairleadError, Refused
from fairlead.operations.contract import at_work
from fairlead.operations.drift.acts import EDGE, EXTRA, KEEPER, MISSING, STORE, STRAYS, SUPERVISORD, Act, plan
from fairlead.operations.environment import Environment, existing
from fairlead.operations.keeper import PROGRAM
from fairlead.operations.revive import all_ids
from fairlead.project.access import runs
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.parts import now
from fairlead.rollout.routing import edge_table
from fairlead.rollout.specs import service_specs
from fairlead.runtimes.base import Deviation
from fairlead.stores.base import Running
from fairlead.supervisor.supervisor import Supervisor
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found in an environment."""

    environment: str
    release: str | None
    deviations: tuple[Deviation, ...] = ()
    acts: tuple[Act, ...] = ()
    stopped: bool = False  #: by a person's word: it is not looked at

    def data(self) -> dict[str, Any]:
        """For machines."""
        return {
            "environment": self.environment, "release": self.release, "drifted": bool(self.deviations),
            "deviations": [asdict(one) for one in self.deviations], "plan": [asdict(one) for one in self.acts],
            "stopped": self.stopped,
        }  # fmt: skip


def drift(place: Place) -> Drift:
    """Look, change nothing. Refused while a rollout is under way: then everything differs.

    What was found is looked at again while nobody is at work: Traefik may have been replaced just then. Busy, saying
    who it is, when somebody stays at it.
    """
    with existing(place) as environment:
        seen = found(environment)
        if not seen.deviations:
            return seen
        with environment.undisturbed("drift"):
            return found(environment)


def found(environment: Environment) -> Drift:
    """The same, of one that is open."""
    state, name = environment.state, environment.place.environment
    if open_rollout(environment.ledger):
        raise Refused(f"{name}: a rollout is under way", f"wait for it: fairlead status {name}")
    release = environment.world.releases.load(state.live) if state.live else None
    if release is None or state.stopped:
        return Drift(name, state.live, stopped=state.stopped)
    deviations = (
        *_of_keeper(environment), *_of_stores(environment, release), *_of_instances(environment, release),
        *_of_edge(environment), *_of_artifacts(environment, release),
    )  # fmt: skip
    return Drift(name, release.id, deviations, plan(deviations))


def _of_keeper(environment: Environment) -> Iterator[Deviation]:
    supervisor = Supervisor(environment.place)
    if not supervisor.alive():
        yield Deviation(SUPERVISORD, MISSING, "running", "not there")
    state = supervisor.programs().get(PROGRAM)
    if state is None or state.state not in ("RUNNING", "STARTING"):
        yield Deviation(KEEPER, MISSING, "running", state.state.lower() if state else "not there")


def _of_stores(environment: Environment, release: Release) -> Iterator[Deviation]:
    """Each against what it was made as: what is declared otherwise by now is no drift, it waits for a person's word."""
    place, here = environment.place, place_name(environment)
    wanted = [store.name for store in release.stack.stores if runs(store)]
    if not wanted and not place.stores.is_dir():
        return
    from fairlead.stores.table import stores_of  # noqa: PLC0415 — only where there are stores

    stores = stores_of(environment.runtime, place)
    seen = {one.name: one for one in stores.observe()}
    for name in wanted:
        if name not in seen:
            yield Deviation(STORE + name, "not made", found="it was never made", remedy=f"fairlead deploy {here}")
    for name, one in seen.items():
        for what, should, does in stores.differences(name):
            remedy = "" if what == MISSING else _remade(environment, one)
            yield Deviation(STORE + name, what, should, does, remedy)


def place_name(environment: Environment) -> str:
    """What commands call it."""
    return environment.place.environment


def _remade(environment: Environment, one: Running) -> str:
    """How a person has it made again, with the data that it has."""
    here = place_name(environment)
    if environment.runtime == "process":
        return f"have it written down again, for its next start: fairlead deploy {here}"
    from fairlead.engine.owner import Owner  # noqa: PLC0415 — only with an engine

    name = Owner.of(environment.place).name(one.name)
    again = f"docker stop --time 60 {name} && docker rm {name} && fairlead up {here}"
    return f"look where its data is: docker inspect {name}; to have it made again, away for a moment: {again}"


def _of_instances(environment: Environment, release: Release) -> Iterator[Deviation]:
    """Those of the live release against its specs; those of warm releases may be there, in whatever state."""
    world, warm = environment.world, environment.state.warm_now()
    specs = service_specs(release, all_ids(release), world.machine(release))
    there = world.runtime.observe()
    kept = {one.id for one in there if one.release in warm}
    different = [one for one in world.runtime.deviations(specs) if one.where not in kept]
    yield from beside_jobs(different, {one.id for one in there if one.job and one.living}, at_work(environment.place))


def beside_jobs(found: Iterable[Deviation], jobs: Collection[str], declared: bool) -> Iterator[Deviation]:
    """A job that runs may be in the middle of something, so nobody ends it but a person. `declared`: somebody who is at
    work now began those that run."""
    for one in found:
        if one.where not in jobs or one.what != EXTRA:
            yield one
        elif not declared:
            yield replace(one, found="a job that runs, and nobody waits for it", remedy="look at what it does first")


def _of_edge(environment: Environment) -> Iterator[Deviation]:
    """Its parts; the weights that its own API shows, against those the ledger asks for; the rules that it was given."""
    world = environment.world
    for part, (what, should, does) in world.edge.differences():
        yield Deviation(part, what, should, does, f"rm {quote(does)}" if what == STRAYS else "")
    shares = now(world.observe())
    table = edge_table(shares, {release: world.releases.load(release).stack for release in shares.releases()},
                       world.runtime.observe())  # fmt: skip
    wanted = sorted(sorted(dict(route.weights).items()) for route in table.routes)
    in_force = sorted(sorted(weights.items()) for weights in world.edge.table_in_force().values())
    if wanted != in_force:
        yield Deviation(EDGE, "traffic", _shares(wanted), _shares(in_force) or "nobody")
    if unlike := world.edge.unlike(table):
        yield Deviation(EDGE, "rules", found=", ".join(unlike))


def _of_artifacts(environment: Environment, release: Release) -> Iterator[Deviation]:
    """Files that were changed since they were built. An image is named by its content, and cannot be."""
    for digest in sorted(set(release.artifacts.values())):
        if not digest.startswith(IMAGE) and environment.artifacts.exists(digest):
            try:
                environment.artifacts.verify(digest)
            except FairleadError as error:
                yield Deviation(f"artifact {digest[:12]}", "files", found=error.message)


def _shares(rows: list[list[tuple[str, int]]]) -> str:
    return "; ".join(", ".join(f"{pool} {weight} %" for pool, weight in row) for row in rows)
