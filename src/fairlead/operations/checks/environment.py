"""Checks of an environment: its folder, its port, its engine, what was left over, its ledger."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from fairlead.artifacts.artifact import ArtifactStore
from fairlead.artifacts.release import ReleaseStore
from fairlead.errors import FairleadError
from fairlead.ledger import Entry, Ledger, verify
from fairlead.operations.backups.streams import program as receiver
from fairlead.operations.backups.streams import there
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.operations.checks.docker import stranger_on
from fairlead.project.stack import Stack
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.state import read_state
from fairlead.runtimes.table import runtime_of
from fairlead.stores.folder import names
from fairlead.stores.process import program
from fairlead.supervisor.supervisor import Supervisor
from fairlead.supervisor.survivors import last_started
from fairlead.system import clock, machine, sockets
from fairlead.system.home import Place
from fairlead.system.lock import FileLock
from fairlead.system.ports import Ports

AHEAD = timedelta(minutes=1)  #: how far the last entry may lie in the future
OWN = frozenset({"edge", "keeper"})  #: programs that are no instances
NAMED = 5  #: files
DIGEST = re.compile(r"[0-9a-f]{64}")


def examine(stack: Stack, place: Place, thorough: bool) -> Iterator[Check]:
    """`thorough` recomputes the whole ledger, which takes 20 µs per entry."""
    yield permissions(place)
    yield from _public_ports(stack, place)
    if not place.exists():
        return
    yield _supervisor(place)
    yield releases(place)
    try:
        with Ledger.read(place.ledger) as ledger:
            yield _ledger(ledger, thorough)
            yield from same_runtime(stack, place, read_state(ledger).live)
            yield left_overs(stack, place, ledger)
            yield from written(place, read_state(ledger).live)
    except FairleadError as error:
        yield failed("ledger", error.message, error.hint or "")


def same_runtime(stack: Stack, place: Place, live: str | None) -> Iterator[Check]:
    """What runs on one runtime is unknown to another, so an environment stays on the one that it has."""
    release = ReleaseStore(place.releases).load_or_none(live) if live else None
    if release is not None and release.stack.runtime != stack.runtime:
        what = f"{stack.environment} runs on {release.stack.runtime}, and is to run on {stack.runtime}"
        hint = f"give the new one another name; then `fairlead stop {stack.environment}`, which keeps its history"
        yield failed("runtime", what, hint)


def written(place: Place, live: str | None) -> Iterator[Check]:
    """What services of root wrote into their release: the next one does not have it, and it goes with the release."""
    release = ReleaseStore(place.releases).load_or_none(live) if live and os.geteuid() == 0 else None
    if release is None or release.stack.runtime != "process":
        return
    store = ArtifactStore(place.artifacts)
    found = [name for one in sorted(set(release.artifacts.values())) if store.exists(one) for name in store.added(one)]
    if found:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        what = f"services wrote into the live release: {', '.join(found[:NAMED])}{more}; another one does not have that"
        yield warning("written", what, "have them write to a folder outside, and take there what is to stay")


def permissions(place: Place) -> Check:
    """The state belongs to one user, and nobody else reads it."""
    there = next(folder for folder in (place.root, *place.root.parents) if folder.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return failed("permissions", f"{there} is not writable", "set FAIRLEAD_HOME to a folder you may write")
    if there != place.root:
        return ok("permissions", f"{place.root} can be made")
    found = there.stat()
    if found.st_uid != os.geteuid():
        what = f"{there} belongs to user {found.st_uid}, not to you"
        return failed("permissions", what, "deploy as the user who deployed before")
    if stat.S_IMODE(found.st_mode) & 0o077:
        mode = f"{stat.S_IMODE(found.st_mode):o}"
        return warning("permissions", f"{there} has mode {mode}: others may look in", f"chmod 700 {there}")
    return ok("permissions", str(there))


def _public_ports(stack: Stack, place: Place) -> Iterator[Check]:
    """Those that users come to."""
    if not any(service.routes for service in stack.services):
        yield ok("port", "no service has routes")
        return
    if stack.edge.http or not stack.edge.https:
        yield _port(stack, place, stack.edge.http or 8080, "http")
    if stack.edge.https:
        yield _port(stack, place, stack.edge.https, "https")


def _port(stack: Stack, place: Place, port: int, key: str) -> Check:
    if stack.runtime == "process" and port < machine.lowest_free_port():
        hint = f"set another one under edge.{key}, or allow it: net.ipv4.ip_unprivileged_port_start"
        return failed("port", f"port {port} needs root", hint)
    if sockets.bindable(port, stack.edge.address or "0.0.0.0"):  # noqa: S104 — asks, does not listen
        return ok("port", f"{port} is free")
    edge = last_started(place.edge / "starts")
    if edge and sockets.holds_socket(edge.pid, sockets.listener_inodes(port)):
        return ok("port", f"{port} is this environment's edge")
    if stack.runtime == "docker" and _published(place, port):
        return ok("port", f"{port} is this environment's edge")
    who = stranger_on(port) if stack.runtime == "docker" else ""
    what = f"port {port} is used by {who or 'another program'}"
    return failed("port", what, f"set another one under edge.{key}, or stop that {'container' if who else 'program'}")


def _published(place: Place, port: int) -> bool:
    """Whether the engine holds it for the edge of this environment."""
    from fairlead.edges.traefik.container import ContainerEdge  # noqa: PLC0415 — only where there is an engine

    return port in ContainerEdge(place).published()


def _supervisor(place: Place) -> Check:
    supervisor = Supervisor(place)
    if supervisor.alive():
        return ok("supervisor", "answers")
    if supervisor.process():
        return warning("supervisor", "runs but does not answer", "the next command replaces it")
    return ok("supervisor", "does not run; the next command starts it")


def releases(place: Place) -> Check:
    """A release that cannot be read can neither be gone back to nor be started."""
    store = ReleaseStore(place.releases)
    unreadable = store.unreadable()
    if unreadable:
        hint = f"restore from a backup, or deploy what they were made from again: {store.folder}"
        return warning("releases", f"changed or damaged: {', '.join(unreadable)}", hint)
    return ok("releases", f"{len(store.ids())} kept")


def _head_fits(ledger: Ledger) -> tuple[bool, Entry | None]:
    """Whether the head is the last entry's, and that entry. Read again when somebody wrote in between."""
    while True:
        head, last = ledger.head(), ledger.last()
        fits = (last.number, last.root) == (head.size, head.root) if last else head.size == 0
        if fits or ledger.head() == head:
            return fits, last


def _ledger(ledger: Ledger, thorough: bool) -> Check:
    fits, last = _head_fits(ledger)
    if not fits:
        return failed("ledger", "its head does not fit its last entry", "see `fairlead ledger verify`")
    if thorough and not (found := verify(ledger)):
        return failed("ledger", found.reason or "not as it was written", "restore it from a backup")
    if last and last.when() > clock.now() + AHEAD:
        what = f"its last entry is of {last.time}, which is in the future"
        return warning("ledger", what, "the clock was set back: set it right; entries keep their order")
    return ok("ledger", f"{last.number if last else 0} entries" + (", all as they were written" if thorough else ""))


def left_overs(stack: Stack, place: Place, ledger: Ledger) -> Check:
    """What dead commands left behind. None of it is in the way: the keeper and the next command clean up."""
    found = [*_rollout(place, ledger), *_instances(stack, place), *_ports(place), *_builds(place)]
    if found:
        return warning("left-overs", "; ".join(found), f"the keeper or the next command sees to it; {_log(place)}")
    return ok("left-overs", "none")


def _log(place: Place) -> str:
    return f"`fairlead logs {place.environment} keeper` tells"


def _rollout(place: Place, ledger: Ledger) -> Iterator[str]:
    rollout = open_rollout(ledger)
    if rollout and not rollout.waiting and not FileLock(place.lock).held():
        yield f"rollout {rollout.journal.rollout} to {rollout.release} is unfinished"


def _instances(stack: Stack, place: Place) -> Iterator[str]:
    known = ReleaseStore(place.releases).ids()
    seen = runtime_of(stack.runtime, place).observe()
    strangers = [one.id for one in seen if one.release not in known]
    if strangers:
        yield f"instances of no release: {', '.join(strangers)}"
    ours = OWN | {program(name) for name in names(place)} | {receiver(name) for name in there(place)}
    programs = Supervisor(place).programs().keys() - {one.id for one in seen} - ours
    if programs:
        yield f"programs of no instance: {', '.join(sorted(programs))}"


def _ports(place: Place) -> Iterator[str]:
    gone = [port for port, holder in Ports(place.ports).taken().items() if holder and not Path(holder).exists()]
    if gone:
        yield f"ports of nobody: {', '.join(map(str, sorted(gone)))}"


def _builds(place: Place) -> Iterator[str]:
    """Folders without a manifest, while nobody builds."""
    if not place.artifacts.is_dir() or FileLock(place.root.parent / "artifacts.lock").held():
        return
    whole = ArtifactStore(place.artifacts).all()
    halves = [
        one.name[:12] for one in place.artifacts.iterdir() if DIGEST.fullmatch(one.name) and one.name not in whole
    ]
    if halves:
        yield f"unfinished builds: {', '.join(sorted(halves))}"
