"""What is going on in an environment: as the ledger says it should be, and as it is seen to be. Changes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fairlead.artifacts.release import Release, ReleaseStore
from fairlead.edges.table import edge_of
from fairlead.ledger import Ledger
from fairlead.operations.backups.ages import Ages, ages
from fairlead.operations.history import Event, rollout_event
from fairlead.operations.schema.waits import Waits, waits
from fairlead.operations.startup import missing, systemd
from fairlead.operations.stores.look import StoreState, look
from fairlead.operations.under_way import UnderWay, read_under_way
from fairlead.operations.verdicts import AFTER_SWITCH, Said, last_verdict
from fairlead.project.stack import Stack
from fairlead.rollout.state import COMMITTED, State, read_state
from fairlead.runtimes.base import Instance
from fairlead.runtimes.table import runtime_of
from fairlead.supervisor.supervisor import Supervisor
from fairlead.system import machine, processes
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

RESTLESS = 3  #: starts of an instance after which another one within `LATELY` is called a crash loop
LATELY = 60.0  #: seconds


@dataclass(frozen=True, slots=True)
class Copy:
    """An instance, and since when it runs."""

    instance: Instance
    uptime: float | None  #: seconds; None when it does not run

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return max(0, self.instance.starts - 1)

    @property
    def looping(self) -> bool:
        """Whether it keeps dying."""
        one = self.instance
        restless = self.restarts >= RESTLESS and (self.uptime is None or self.uptime < LATELY)
        return one.phase in ("failed", "backoff") or (restless and one.phase != "stopped")


@dataclass(frozen=True, slots=True)
class Status:
    """One environment now."""

    project: str
    environment: str
    state: State | None = None  #: None: nothing was ever deployed
    live: Event | None = None  #: the rollout that made the live release live
    copies: tuple[Copy, ...] = ()
    traffic: dict[str, dict[str, int]] = field(default_factory=dict)  #: route → release → percent, from the edge
    address: tuple[str, int] | None = None
    scheme: str = "http"  #: what users come by at that address
    rollout: UnderWay | None = None  #: one that was begun and not closed
    watched: Said | None = None  #: the last verdict on the live release, while it is watched after its switch
    holder: str | None = None  #: who changes it now
    stores: tuple[StoreState, ...] = ()
    backups: dict[str, Ages] = field(default_factory=dict)  #: by store, of those that have backups
    contract: Waits | None = None  #: what runs once the old release is gone
    parts: dict[str, bool] = field(default_factory=dict)  #: supervisor, edge, keeper: whether it is up
    startup: bool | None = None  #: whether it comes back when the machine starts; None where that is not known

    @property
    def unfinished(self) -> str | None:
        """A rollout that was begun and not closed, and waits for nobody."""
        found = self.rollout
        return f"rollout {found.rollout} to {found.release}" if found and not found.waiting else None

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as it should be, in words."""
        if self.state is None:
            return ()
        return tuple(_left(self) if self.state.stopped else _problems(self, self.state))


def status(place: Place) -> Status:
    """Look at one environment of this machine."""
    found = Status(place.project, place.environment)
    if not place.exists():
        return found
    with Ledger.read(place.ledger) as ledger:
        state, commit = read_state(ledger), ledger.last(COMMITTED)
        rollout = read_under_way(ledger, place.environment)
        watched = last_verdict(ledger, state.watched.rollout, AFTER_SWITCH) if state.watched else None
        live = rollout_event(ledger, commit.rollout) if commit and commit.rollout else None
    lock = FileLock(place.lock)
    holder = (lock.owner() or "another process") if lock.held() else None
    comes = None if state.stopped or not systemd() else not missing()
    found = replace(found, state=state, live=live, rollout=rollout, watched=watched, holder=holder, startup=comes)
    return _seen(found, place, state.live) if state.live or rollout else found


def testers(place: Place) -> dict[str, dict[str, str]]:
    """How the releases that users do not have, or few of them, are reached: by header and cookie. Secret.

    By release; empty when nothing is rolled out and nothing is warm.
    """
    if not place.exists():
        return {}
    with Ledger.read(place.ledger) as ledger:
        state, rollout = read_state(ledger), read_under_way(ledger, place.environment)
    names = [rollout.release] if rollout and not rollout.ended else []
    release = ReleaseStore(place.releases).load_or_none(state.live) if state.live else None
    edge = edge_of(release.stack.runtime if release else "process", place)
    found = {}
    for name in dict.fromkeys((*names, *state.warm_now())):
        cookie = "=".join(edge.release_cookie(name))
        found[name] = edge.release_header(name) | {"Cookie": cookie}
    return found


def _seen(found: Status, place: Place, live: str | None) -> Status:
    """With what runtime and edge say."""
    release = ReleaseStore(place.releases).load_or_none(live) if live else None
    stack = release.stack if release else None
    kind = stack.runtime if stack else "process"
    copies = tuple(Copy(one, _uptime(one)) for one in runtime_of(kind, place).observe() if not one.job)
    edge = edge_of(kind, place)
    traffic = _by_release(edge.table_in_force())
    states = {name: program.state for name, program in Supervisor(place).programs().items()}
    programs = {name for name, state in states.items() if state in ("STARTING", "RUNNING")}
    public = stack is not None and any(service.routes for service in stack.services)
    parts = {"supervisor": bool(states), "keeper": "keeper" in programs}
    if public or traffic:
        parts["edge"] = bool(traffic) or "edge" in programs
    found = replace(found, address=edge.address() if public else None, scheme=edge.scheme(), stores=look(kind, place))
    backups = ages(place, [one.name for one in stack.backed_up]) if stack else {}
    found = replace(found, contract=_waits(place, release))
    return replace(found, copies=copies, traffic=_named(traffic, stack), parts=parts, backups=backups)


def _waits(place: Place, release: Release | None) -> Waits | None:
    if release is None or not release.migrations:
        return None
    with Ledger.read(place.ledger) as ledger:
        return waits(ledger, release)


def _address_data(found: Status) -> dict[str, Any] | None:
    if found.address is None:
        return None
    return {"scheme": found.scheme, "host": found.address[0], "port": found.address[1]}


def _uptime(one: Instance) -> float | None:
    process = processes.look(one.pid) if one.pid else None
    return machine.running_seconds(process) if process else None


def _by_release(table: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The edge's table with releases for pools (`SERVICE-RELEASE`)."""
    return {
        route: {pool.rpartition("-")[2].partition("@")[0]: weight for pool, weight in pools.items()}
        for route, pools in table.items()
    }


def _named(traffic: dict[str, dict[str, int]], stack: Stack | None) -> dict[str, dict[str, int]]:
    """Routes as a person writes them."""
    from fairlead.render.traefik import route_key  # noqa: PLC0415 — beside the edge that uses it

    routes = [route for service in stack.services for route in service.routes] if stack else []
    shown = {route_key(route.host, route.path): f"{route.host or ''}{route.path}" for route in routes}
    inner = [f"{one.name}:{one.port}" for one in (stack.services if stack else ()) if one.port]
    shown |= {route_key(name, "/"): name for name in inner}  # as services in containers ask each other
    return {shown.get(key, key): shares for key, shares in traffic.items()}


def _left(found: Status) -> list[str]:
    """Of one that is stopped: whoever did that may have been killed before all of it had ended."""
    runs = [copy.instance.id for copy in found.copies if copy.instance.living]
    runs += [f"store {one.running.name}" for one in found.stores if one.running.living]
    if not runs or found.holder:
        return []
    return [f"it was not stopped to the end: {', '.join(runs)}; `fairlead stop {found.environment}`"]


def _problems(found: Status, state: State) -> list[str]:
    lines = [f"{part} is down" for part, up in found.parts.items() if not up]
    if found.unfinished and not found.holder:
        lines.append(f"{found.unfinished} was left unfinished; the keeper or the next command finishes it")
    lines += [f"store {one.running.name} is not well: {one.why}" for one in found.stores if not one.well]
    lines += [f"{store}: {one.wrong}" for store, one in found.backups.items() if one.wrong]
    if found.contract and found.contract.failed:
        lines.append(f"what waited for the old release to go could not be run: {found.contract.failed}")
    for copy in found.copies:
        lines += _copy_problems(copy, state)
    if state.live and not any(copy.instance.release == state.live for copy in found.copies):
        lines.append(f"no instance of the live release {state.live} is there; `fairlead up {found.environment}`")
    return lines


def _copy_problems(copy: Copy, state: State) -> list[str]:
    one = copy.instance
    if one.release != state.live:
        return []
    if copy.looping:
        return [f"{one.id} is in a crash loop: started {one.starts} times, now {one.phase}"]
    if not one.living:
        return [f"{one.id} does not run: {one.phase}"]
    if one.phase == "survivor":
        return [f"{one.id} outlived its supervisor and is about to be replaced"]
    return [] if one.verified else [f"{one.id} has not passed its readiness check yet"]


def to_data(found: Status) -> dict[str, Any]:
    """For machines."""
    state, live = found.state, found.live
    return {
        "project": found.project,
        "environment": found.environment,
        "deployed": state is not None,
        "stopped": bool(state and state.stopped),
        "live": _live_data(live, state),
        "previous": state.previous if state else None,
        "warm": {release: round(state.left(release), 1) for release in state.warm_now()} if state else {},
        "address": _address_data(found),
        "traffic": found.traffic,
        "stores": [one.to_data() for one in found.stores],
        "backups": {name: _ages_data(one) for name, one in found.backups.items()},
        "contract": asdict(found.contract) if found.contract else None,
        "instances": [_copy_data(copy) for copy in found.copies],
        "parts": found.parts,
        "startup": found.startup,
        "rollout": found.rollout.to_data() if found.rollout else None,
        "watch": _watch_data(found, state),
        "unfinished": found.unfinished,
        "holder": found.holder,
        "problems": list(found.problems),
    }


def _ages_data(one: Ages) -> dict[str, Any]:
    """Seconds since the last one that is good, each; None where there was none."""
    rounded = {
        name: None if age is None else round(age, 1) for name, age in (("age", one.backup), ("drill", one.drill))
    }
    return {**rounded, "wrong": one.wrong or None}


def _watch_data(found: Status, state: State | None) -> dict[str, Any] | None:
    if state is None or state.watched is None:
        return None
    watched = state.watched
    return {
        "release": watched.release, "previous": watched.previous, "seconds": watched.seconds,
        "left": round(watched.left(), 1), "rollback": watched.rollback,
        "verdict": found.watched.to_data() if found.watched else None,
    }  # fmt: skip


def _live_data(live: Event | None, state: State | None) -> dict[str, Any] | None:
    if state is None or state.live is None:
        return None
    if live is None:
        return {"release": state.live}
    return {
        "release": state.live, "since": live.time, "operation": live.operation, "why": live.why, "origin": live.origin,
        "rollout": live.rollout,
    }  # fmt: skip


def _copy_data(copy: Copy) -> dict[str, Any]:
    one = copy.instance
    uptime = None if copy.uptime is None else round(copy.uptime, 1)
    return {
        "id": one.id, "release": one.release, "service": one.service, "index": one.index, "port": one.port,
        "phase": one.phase, "verified": one.verified, "restarts": copy.restarts, "uptime": uptime, "pid": one.pid,
    }  # fmt: skip
