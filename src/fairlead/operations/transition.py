"""From one release to another as one transaction: what deploy, promote and rollback have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fairlead.artifacts import Release
from fairlead.edges.base import Traffic
from fairlead.errors import Busy
from fairlead.ledger import Ledger
from fairlead.operations.environment import Environment, sample_live
from fairlead.operations.keeper import have_keeper
from fairlead.project.stack import Strategy
from fairlead.rollout.executor import Executor
from fairlead.rollout.journal import Journal, OpenRollout, open_rollout
from fairlead.rollout.observed import Observed, Wanted
from fairlead.rollout.plan import plan
from fairlead.rollout.recovery import give_up, recover, restore_traffic
from fairlead.rollout.schema import SchemaMove
from fairlead.rollout.state import COMMITTED, STARTED
from fairlead.rollout.steps import Step

FORWARD = ("deploy", "promote")  #: the operations that move schemas


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to happen, and what the ledger says of it."""

    operation: str  #: deploy, promote or rollback
    strategy: Strategy
    origin: dict[str, Any] = field(default_factory=dict)  #: who and what
    why: str = ""
    urgent: bool = False  #: users first: workers hand over after the traffic has moved
    anew: bool = False  #: a person agreed that stores that were declared otherwise are made anew


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    release: str
    previous: str | None
    rollout: int | None  #: None when there was nothing to do
    seconds: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)  #: the zero-loss report


def prepare_environment(environment: Environment) -> None:
    """Have runtime, edge and keeper up, and finish what an earlier command left unfinished.

    Busy when a rollout waits for a person: that has to be decided first.
    """
    rollout = open_rollout(environment.ledger)
    if rollout and rollout.waiting:
        name = environment.place.environment
        what = f"rollout {rollout.journal.rollout} to {name} is not over: {rollout.waiting.reason}"
        raise Busy(what, f"decide first: `fairlead promote {name}`, or `fairlead abort {name}` to take it back")
    prepare_runtime(environment)
    _start_stores(environment, rollout is not None)
    done = recover(environment.world)
    if done:
        environment.world.say("recovered", done)
    have_keeper(environment.place)


def _start_stores(environment: Environment, undone: bool) -> None:
    """After a kill: one that was to be made anew goes back. Where a rollout is `undone` a schema may have to move."""
    if not environment.place.stores.is_dir():
        return
    from fairlead.stores.aside import changing  # noqa: PLC0415 — only where there are stores

    if undone or changing(environment.place):
        from fairlead.operations.stores.ensure import start_dead  # noqa: PLC0415 — only after a kill

        start_dead(environment.runtime, environment.place)


def prepare_runtime(environment: Environment) -> None:
    """Have it up, and room on the disk."""
    environment.place.fill_reserve()
    environment.world.runtime.up()


def drop_waiting(environment: Environment, why: str) -> None:
    """Take back a rollout that waits for a person, because the environment ends or begins anew."""
    rollout = open_rollout(environment.ledger)
    if rollout and rollout.waiting:
        prepare_runtime(environment)
        give_up(environment.world, rollout, why)


def _steps(environment: Environment, release: Release, intent: Intent, observed: Observed) -> tuple[Step, ...]:
    """The plan, from what is observed now. Refused where the schema of a database cannot be moved."""
    look = schema_may_lack(environment.ledger, release, observed.live)
    schema = _schema(environment, release, intent) if look else ()
    for one in schema:
        for text in one.notes:
            environment.world.say("note", text)
        if one.moves and one.unrehearsed:
            environment.world.say("note", f"{one.database} is not rehearsed: {one.unrehearsed}")
    return plan(Wanted(release.id, release.stack, intent.strategy, intent.urgent, schema), observed)


def schema_may_lack(ledger: Ledger, release: Release, live: str | None) -> bool:
    """Whether something may be pending for it: it is another one than what is `live`, or a restore came since."""
    if live != release.id:
        return True
    from fairlead.operations.restored import since  # noqa: PLC0415 — only where a schema may move

    return since(ledger, COMMITTED, [store.name for store in release.stack.stores if store.migrations])


def _asks(release: Release, intent: Intent) -> bool:
    """Whether databases are looked into before it is planned."""
    return intent.operation in FORWARD and bool(release.stack.stores)


def _schema(environment: Environment, release: Release, intent: Intent) -> tuple[SchemaMove, ...]:
    """What is to be done to databases. The way back moves none: the old release knew how to do without."""
    if not _asks(release, intent):
        return ()
    from fairlead.operations.schema.kept import base_of  # noqa: PLC0415 — only where a schema may move
    from fairlead.operations.schema.moves import moves  # noqa: PLC0415
    from fairlead.operations.schema.releases import root_of  # noqa: PLC0415

    base = base_of(release, environment.place.migrations)
    return moves(release.stack, root_of(release), base, release.migrations, release.artifacts)


def carry_out(environment: Environment, release: Release, intent: Intent) -> Result:
    """Plan and run. The caller holds the lock and has called `prepare_environment`."""
    world, state = environment.world, environment.state
    begun = time.monotonic()
    observed = world.observe()
    steps = _steps(environment, release, intent, observed)
    if not steps:
        _have_all(environment, release)
        return Result(release.id, state.previous, None)
    seen = None if _asks(release, intent) else observed  # databases take their time, in which an instance may end
    world.with_space(lambda: restore_traffic(world, observed=seen))
    if state.live:
        sample_live(environment, state.live, last=True)
    facts = {
        "release": release.id, "previous": state.live, "operation": intent.operation, "strategy": intent.strategy,
        "origin": intent.origin, "why": intent.why,
    }  # fmt: skip
    journal = Journal.begin(environment.ledger, steps, facts)
    done = _reported(environment, journal, (release.id, state.live), lambda: Executor(world, journal).run(steps), begun)
    if observed.live == release.id:  # its schema alone was moved
        _have_all(environment, release)
    return done


def go_on(environment: Environment, rollout: OpenRollout) -> Result:
    """Carry a rollout on that waited for a person, to its end or to where it waits again."""
    executor = Executor(environment.world, rollout.journal)
    releases = (rollout.release, rollout.previous)
    return _reported(environment, rollout.journal, releases, lambda: executor.resume(rollout), time.monotonic())


def _reported(
    environment: Environment, journal: Journal, releases: tuple[str, str | None], act: Callable[[], None], begun: float
) -> Result:
    """Do it, and say what the edge counted meanwhile. `begun` is monotonic."""
    world = environment.world
    first = world.edge.traffic()
    act()
    report = loss_report(first, world.edge.traffic(), releases)
    seconds = round(time.monotonic() - begun, 3)
    journal.close("live", {"seconds": seconds, "report": report})
    world.say("report", report_line(report), **report)
    return Result(*releases, journal.rollout, seconds, report)


def _have_all(environment: Environment, release: Release) -> None:
    """The release is live already: see that all of it runs, also after the environment was stopped."""
    from fairlead.operations.revive import missing, revive  # noqa: PLC0415 — brings the stores

    if environment.state.stopped:
        environment.ledger.append(STARTED, {})
    if missing(environment, release):
        revive(environment)
    else:
        restore_traffic(environment.world)


def loss_report(first: Traffic, last: Traffic, releases: tuple[str | None, ...]) -> dict[str, Any]:
    """What the edge counted from the first look to the last: requests and 5xx by release, and the 502, 503 and 504 it
    had to make itself.

    `counted_whole`: one edge counted all the time. Another one began at zero, and what was refused while there was none
    nobody counted.
    """
    traffic = last.since(first)
    names = [release for release in releases if release]
    application = sum(traffic.errors(release) for release in traffic.by_release)
    return {
        "requests": sum(traffic.total(release) for release in traffic.by_release),
        "by_release": {release: traffic.total(release) for release in names},
        "lost": traffic.edge_made,
        "application_errors": max(0, application - traffic.edge_made),
        "counted_whole": not first.started or last.same_process(first),
    }


def report_line(report: dict[str, Any]) -> str:
    """One line for a person."""
    text = f"{report['requests']} requests, {report['lost']} lost, {report['application_errors']} application errors"
    return text if report["counted_whole"] else f"{text}; the edge was started anew, and counts from then"
