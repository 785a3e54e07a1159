"""The programs that receive the log of stores: one for each, under the environment's supervisord, beside the store.

What such a program needs to know lies in `backups/STORE/receiver.json`, readable by this user alone: where it carries
the log to, with the keys, and for whom it is encrypted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fairlead import __version__
from fairlead.backups.engines.pgbackrest.serving import release as release_archive
from fairlead.backups.physical.receiver import release
from fairlead.errors import FairleadError, Refused
from fairlead.operations.backups.arrangement import Arrangement, arranged, require_identities
from fairlead.project.access import archives, runs
from fairlead.project.stack import Stack, Store
from fairlead.render.supervisord import Program
from fairlead.supervisor.supervisor import Supervisor, base_environment, launched
from fairlead.supervisor.survivors import end_program, have_starts, last_started
from fairlead.system.files import read_json, write_json
from fairlead.system.home import Place

Say = Callable[[str, str], object]
GRACE = 10.0  #: seconds; what it did not carry away stays in its spool
TOLD = "receiver.json"
MODULE = "fairlead.server.receiver"


def program(store: str) -> str:
    """What supervisord calls it."""
    return f"wal.{store}"


def wanted(stack: Stack) -> tuple[Store, ...]:
    """The stores of which the log is received."""
    kept = (one for one in stack.stores if one.backup and one.backup.physical and one.backup.physical.wal)
    return tuple(one for one in kept if runs(one))


def there(place: Place) -> tuple[str, ...]:
    """The stores that have such a program."""
    folder = place.backups
    return tuple(sorted(path.parent.name for path in folder.glob(f"*/{TOLD}"))) if folder.is_dir() else ()


def have_streams(stack: Stack, root: Path, place: Place, say: Say) -> None:
    """Have one for each store that is declared so, and none else. The stores run. Refused, Unavailable (secrets)."""
    names = [one.name for one in wanted(stack)]
    for name in there(place):
        if name not in names:
            _drop(place, name, say)
    for one in arranged(stack, root, names) if names else ():
        if _have(one, say):
            how = "taken by pgBackRest" if archives(one.store) else "received, and carried"
            say("note", f"the log of {one.store.name} is {how} to {one.catalogue.where.shown}")


def _have(one: Arrangement, say: Say) -> bool:
    """Whether it was begun now."""
    place, name = one.place, one.store.name
    folder = place.backups / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    said = _told(one)
    if not _ours(one, said == read_json(folder / TOLD), say):
        return False
    if archives(one.store):
        if read_json(folder / TOLD) != said:  # or whoever receives it now has its slot taken from under it
            end_program(Supervisor(place), program(name), folder / "starts", GRACE)
        _archive(one, said == read_json(folder / TOLD), say)
    if read_json(folder / TOLD) != said:
        end_program(Supervisor(place), program(name), folder / "starts", GRACE)
        write_json(folder / TOLD, said, 0o600)
    return _begin(place, name)


def _ours(one: Arrangement, before: bool, say: Say) -> bool:
    """Whether its log may go there. Where another machine's goes the deployment goes on without, and says so: it may be
    about to take that one's place. `before`: it went there already, and whoever carries it looks for himself.
    """
    try:
        one.claim.require()
    except Refused as error:
        if not before:
            say("note", f"the log of {one.store.name} is kept nowhere: {error.message} ({error.hint})")
        return before
    except FairleadError as error:
        say("note", f"{one.store.name}: {error.message}")
    return True


def _archive(one: Arrangement, before: bool, say: Say) -> None:
    """Have its server hand its log to pgBackRest. `before`: it does already, so what fails now holds nobody up."""
    with one.server() as server:
        try:
            one.beside.have(server, one.keys(), lambda: require_identities("of the repository"))
        except FairleadError as error:
            if not before:
                raise
            say("note", f"{one.store.name}: {error.message}")


def _told(one: Arrangement) -> dict[str, Any]:
    target, physical = one.target, one.said.physical
    return {
        "version": __version__, "runtime": one.runtime, "to": target.to, "endpoint": target.endpoint,
        "region": target.region, "ca": target.ca,
        "access": target.access and target.access.reveal(), "secret": target.secret and target.secret.reveal(),
        "recipients": list(one.recipients()), "encryption": one.said.encryption,
        "sync": bool(physical and physical.sync),
        "engine": physical.engine if physical else "builtin", "spool": physical and physical.spool,
    }  # fmt: skip


def _begin(place: Place, name: str) -> bool:
    folder = place.backups / name
    if last_started(folder / "starts"):
        return False
    spec = {
        "argv": [sys.executable, "-I", "-m", MODULE, place.project, place.environment, name], "cwd": "/",
        "log": str(folder / "log"), "starts": str(folder / "starts"), "user": None,
        "env": base_environment() | {"FAIRLEAD_HOME": str(place.root.parent.parent), "PYTHONUNBUFFERED": "1"},
    }  # fmt: skip
    have_starts(folder / "starts")
    write_json(folder / "spec.json", spec, 0o600)
    supervisor = Supervisor(place)
    supervisor.start()
    argv = launched(folder / "spec.json")
    supervisor.add([Program(program(name), argv, "SIGTERM", GRACE, retries=1000, priority=1)])
    supervisor.begin([program(name)])
    return True


def start(place: Place, names: Iterable[str] | None = None) -> None:
    """Those that there are and that do not run."""
    for name in there(place) if names is None else names:
        _begin(place, name)


def dead(place: Place) -> tuple[str, ...]:
    """Those that ended."""
    return tuple(name for name in there(place) if not last_started(place.backups / name / "starts"))


def stop(place: Place) -> None:
    """End all of them. What is in the spool stays there."""
    for name in there(place):
        end_program(Supervisor(place), program(name), place.backups / name / "starts", GRACE)


def _drop(place: Place, name: str, say: Say) -> None:
    """Nobody asks for it any more. A server that is away keeps its slot until it is back, within a limit."""
    from fairlead.operations.backups.receiving import server_kept  # noqa: PLC0415 — beside its use

    folder = place.backups / name
    end_program(Supervisor(place), program(name), folder / "starts", GRACE)
    Supervisor(place).remove([program(name)])
    runtime = (read_json(folder / TOLD) or {}).get("runtime", "process")
    try:
        with server_kept(place, runtime, name) as server, server.session("postgres") as connection:
            release(connection)
            release_archive(connection)
    except FairleadError as error:
        say("note", f"{name}: {error.message}")
    (folder / TOLD).unlink(missing_ok=True)
    say("note", f"the log of {name} is received no more")
