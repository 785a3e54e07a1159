"""Another tool that moves the schema of a database, as the job in which it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fairlead.project.access import migrator_job, migrator_url, rights_of, url_name
from fairlead.project.stack import Job, Migrations, Service, ServiceSecret, Store

URL = "DATABASE_URL"  #: where such tools look for the address
SESSIONS = "fairlead migrator"  #: what its sessions are called, as far as it is built on libpq
LONGEST = 3600.0  #: seconds that it may take


def migrator_jobs(stores: Sequence[Store], services: Sequence[Service]) -> tuple[Job, ...]:
    """One for each such database: as the service that it is like, but for the address, which is the migrator's."""
    return tuple(_jobs(stores, services))


def _jobs(stores: Sequence[Store], services: Sequence[Service]) -> Iterator[Job]:
    for store in stores:
        for one in store.migrations:
            donor = _donor(store, one, services)
            if one.migrator and donor:
                yield _job(store, one, donor)


def _donor(store: Store, one: Migrations, services: Sequence[Service]) -> Service | None:
    """The one that is named, else the first that uses the database, one that writes before others."""
    if one.like:
        return next((each for each in services if each.name == one.like), None)
    rights = rights_of(store, one.database)
    users = sorted(rights.users, key=lambda user: user.access != "rw") if rights else []
    named = [user.service for user in users]
    using = [each.name for each in services if {store.name, f"{store.name}.{one.database}"} & set(each.uses)]
    by_name = {each.name: each for each in services}
    return next((by_name[name] for name in [*named, *using] if name in by_name), None)


def _job(store: Store, one: Migrations, donor: Service) -> Job:
    limits = {"lock_timeout": one.lock_timeout, "statement_timeout": one.statement_timeout}
    options = " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in limits.items())
    return Job(
        name=migrator_job(store.name, one.database),
        command=one.migrator or "",
        when="migration",
        source=donor.source,
        prepare=donor.prepare,
        env={**donor.env, "PGOPTIONS": options, "PGAPPNAME": SESSIONS},
        timeout=LONGEST,
        like=donor.name,
        secrets=donor.secrets,
        access=_access(store, one, donor),
    )


def _access(store: Store, one: Migrations, donor: Service) -> tuple[ServiceSecret, ...]:
    """In the variables of the service, and in the one where tools look, unless the service has that for itself."""
    rights = rights_of(store, one.database)
    theirs = {url_name(store, one.database, user.service) for user in rights.users} if rights else set()
    theirs |= {url_name(store, one.database)} if store.direct_url else set()
    own = migrator_url(store, one.database)
    found = tuple(replace(each, name=own) if each.name in theirs else each for each in donor.access)
    taken = {*donor.env, *(each.variable for each in (*found, *donor.secrets))}
    return (*found, *(() if URL in taken else (ServiceSecret(own, "env", URL),)))
