"""What moves the schemas of databases in a Compose project, each as a job that is done before who uses the database.

Files are run by psql from the store's own image, as the role that migrations have; another tool runs in its job, which
the stack has already. Where rows have policies, these and the rights on tables come in the same job, or in one after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fairlead.project.access import authority_name, managed, migrator_job, migrator_url, rights_of
from fairlead.project.access import runs as fairlead_runs
from fairlead.project.stack import Job, Migrations, Service, Stack, Store
from fairlead.render.compose import parts, store
from fairlead.render.compose.spec import compose_service
from fairlead.render.compose.values import filled, values_in
from fairlead.render.container import SECRETS, ContainerSpec, Joined, Mount
from fairlead.render.networks import OUTGOING, store_networks
from fairlead.render.stores.ground import CONF
from fairlead.render.stores.postgres import IMAGE, SUPERUSER

FOLDER = "migrations"  #: beside the Compose file, with a folder for each job


@dataclass(frozen=True, slots=True)
class Move:
    """A database, and the job in which psql does what is to be done in it."""

    name: str  #: of the job
    store: Store
    migrations: Migrations
    files: bool  #: it runs files of migrations; else policies of rows alone

    @property
    def url(self) -> str:
        """The secret with its address: that of the role that migrations have."""
        return migrator_url(self.store, self.migrations.database)


def moves(stack: Stack) -> tuple[Move, ...]:
    """Each job of psql, in the order of the file."""
    named: tuple[Service | Store | Job, ...] = (*stack.services, *stack.stores, *stack.jobs)
    taken = {one.name for one in named}
    found = []
    for kept, one in _moved(stack):
        rights = rights_of(kept, one.database)
        own = migrator_job(kept.name, one.database)
        if one.folder:
            found.append(Move(_free(own, taken), kept, one, files=True))
        elif rights and rights.rows:
            found.append(Move(_free(f"{own.removesuffix('-migrator')}-rights", taken), kept, one, files=False))
    return tuple(found)


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else f"fairlead-{name}"


def _moved(stack: Stack) -> Iterator[tuple[Store, Migrations]]:
    """The databases that somebody knows how to reach from here."""
    for kept in stack.stores:
        here = managed(kept) and store.runs(kept)
        if kept.kind == "postgres" and (here or (not fairlead_runs(kept) and _used(stack, kept))):
            yield from ((kept, one) for one in kept.migrations)


def _used(stack: Stack, kept: Store) -> bool:
    """Whether a container uses it."""
    return any(
        kept.name in {use.partition(".")[0] for use in one.uses} and (one.container.image or one.container.build)
        for one in stack.services
    )


def before(stack: Stack, one: Service | Job) -> Iterator[str]:
    """The jobs that have to be done before it: of each database that it uses, other tools before psql."""
    uses = _uses(stack, one)
    tools = [(kept, each) for kept in stack.stores for each in kept.migrations if each.migrator]
    for kept, each in tools:
        if {kept.name, f"{kept.name}.{each.database}"} & uses:
            yield migrator_job(kept.name, each.database)
    for move in moves(stack):
        if {move.store.name, f"{move.store.name}.{move.migrations.database}"} & uses:
            yield move.name


def _uses(stack: Stack, one: Service | Job) -> set[str]:
    user = one if isinstance(one, Service) else stack.service(one.like) if one.like else None
    return set(user.uses) if user else set()


def job(stack: Stack, move: Move) -> dict[str, Any]:
    """It runs to its end at each `up`; what is done already is not done again."""
    own = managed(move.store)
    spec = ContainerSpec(
        name=move.name,
        image=str(filled(store.spec_of(move.store).image, stack)) if own else IMAGE,
        argv=("sh", f"{CONF}/migrate.sh"),
        env={"DATABASE_URL_FILE": f"{SECRETS}/{move.url}"},
        user=SUPERUSER,
        networks=tuple(Joined(name) for name in (store_networks(move.store) if own else (OUTGOING,))),
        restart="no",
    )
    made = compose_service(spec)
    made["secrets"] = [move.url, *([authority_name(move.store.name)] if own else [])]
    return parts.finished(made, {}, values_in(stack))


def mount(move: Move) -> dict[str, Any]:
    """Where it finds what lies beside the Compose file."""
    one = Mount("bind", f"./{FOLDER}/{move.name}", CONF, read_only=True)
    return {"type": one.kind, "source": one.source, "target": one.target, "read_only": one.read_only}
