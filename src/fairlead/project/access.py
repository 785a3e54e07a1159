"""How services are told of the stores that they use: the names of what they get, and of the secrets behind it. Pure.

A service that uses one database finds its address in DATABASE_URL, one Redis in REDIS_URL, one S3 in S3_URL; of several
of a kind each has the name of the store in front: DB_SHOP_URL. What the service says itself in `env` or `secrets` wins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fairlead.project.database_roles import ADMIN
from fairlead.project.stack import Generate, Job, Rotate, SecretSpec, Service, ServiceSecret, Stack, Store
from fairlead.project.stack_rights import Rights

ONLY = {"postgres": "DATABASE", "redis": "REDIS", "s3": "S3"}
"""What stands for the name of a store that is the only one of its kind."""
KEY_LENGTH = 44  #: of a key of 32 bytes in base64


@dataclass(frozen=True, slots=True)
class Wish:
    """One item of `uses`."""

    store: str
    database: str = ""  #: empty: all of the store's
    delivery: Literal["file", "env"] = "env"
    key: str | None = None  #: what the service calls the address


def prefix(store: str, database: str = "") -> str:
    """`DB_SHOP` of `db.shop`."""
    return "_".join(part.upper().replace("-", "_") for part in (store, database) if part)


def password_name(store: str) -> str:
    """The secret that a store accepts."""
    return f"{prefix(store)}_PASSWORD"


def encryption_name(store: str) -> str:
    """The secret with which a store encrypts what it keeps."""
    return f"{prefix(store)}_ENCRYPTION_KEY"


def kms_name(store: str) -> str:
    """The same secret as MinIO reads it, with the name of the key in front."""
    return f"{prefix(store)}_KMS_KEY"


def authority_name(store: str) -> str:
    """What services find the certificate under by which they know the store."""
    return f"{prefix(store)}_CA"


def authorities_name(store: str) -> str:
    """The same with the public authorities after it, for who is told one file with all that it trusts."""
    return f"{prefix(store)}_AUTHORITIES"


def login_name(store: str, database: str, service: str) -> str:
    """The secret with which a service logs in to a database that names who uses it."""
    return f"{prefix(store, database)}_{prefix(service)}_PASSWORD"


def migrator_name(store: str, database: str) -> str:
    """The secret with which migrations log in to it."""
    return login_name(store, database, "migrator")


def migrator_job(store: str, database: str) -> str:
    """What the job is called in which another tool moves the schema of a database."""
    return f"{store}-{database}-migrator".replace("_", "-")


def admin_name(store: str) -> str:
    """The secret with which Fairlead itself looks after the roles of a store that it runs."""
    return password_name(f"{store}-admin")


def rights_of(store: Store, database: str) -> Rights | None:
    """Who may do what in that database; None where it names nobody: then all that use the store own it together."""
    return next((one for one in store.rights if one.database == database), None)


def certificate_name(store: str) -> str:
    """What a store finds its own certificate under, where that is a file among secrets."""
    return f"{prefix(store)}_CERTIFICATE"


def key_name(store: str) -> str:
    """The same of its key."""
    return f"{prefix(store)}_CERTIFICATE_KEY"


def runs(store: Store) -> bool:
    """Whether Fairlead runs it, and not somebody else."""
    return store.url is None


def directly(store: Store) -> Store:
    """As whoever needs the server itself reaches it, and not a pooler before it: that has no session of one's own."""
    return replace(store, url=store.direct_url) if store.direct_url else store


def migrator_url(store: Store, database: str) -> str:
    """What the address is called that the schema of a database is moved by."""
    apart = rights_of(store, database) is not None or store.direct_url is not None
    return url_name(store, database, "migrator" if apart else "")


def archives(store: Store) -> bool:
    """Whether its server hands each segment of its log to pgBackRest."""
    physical = store.backup.physical if store.backup else None
    return runs(store) and physical is not None and physical.engine == "pgbackrest"


def managed(store: Store) -> bool:
    """Whether Fairlead knows all of it: how it is set up, asked and reached. One with a `command` is run as it is."""
    return runs(store) and store.kind in ONLY and store.command is None and store.managed


def made_rights(store: Store) -> tuple[Rights, ...]:
    """Of its databases, those whose roles Fairlead makes: one that is run as it is has its own ways."""
    return store.rights if managed(store) or not runs(store) else ()


def implied_secrets(stores: Iterable[Store], declared: Collection[str]) -> tuple[SecretSpec, ...]:
    """Those that stores need and the file does not name: made once, like any other that is made."""
    found: list[SecretSpec] = []
    for store in stores:
        if managed(store):
            found.append(SecretSpec(password_name(store.name), Generate("password")))
        if managed(store) and store.encrypted:
            found.append(SecretSpec(encryption_name(store.name), Generate("base64", KEY_LENGTH)))
        found += [SecretSpec(name, Generate("password")) for name in _of_roles(store)]
        found += [login_spec(store, name) for name in login_names(store)]
    return tuple(one for one in found if one.name not in declared)


def login_spec(store: Store, name: str, every: float | None = None) -> SecretSpec:
    """How the password of a service's role is made and changed."""
    admin = admin_name(store.name) if runs(store) else None
    rotate = Rotate(every, "postgres", user=name, admin=admin, admin_user=ADMIN if admin else None)
    return SecretSpec(name, Generate("password"), rotate)


def _of_roles(store: Store) -> list[str]:
    """Passwords of roles that no service has."""
    own = [admin_name(store.name)] if managed(store) and store.rights else []
    return own + [migrator_name(store.name, one.database) for one in store.rights]


def login_names(store: Store) -> tuple[str, ...]:
    """The secrets with which services log in to databases that name them."""
    return tuple(login_name(store.name, one.database, user.service) for one in store.rights for user in one.users)


@dataclass(frozen=True, slots=True)
class Login:
    """What a secret logs in to: a database, and as whom."""

    store: Store
    database: str
    service: str

    @property
    def url_name(self) -> str:
        """What the address is called that services find it in."""
        return url_name(self.store, self.database, self.service)


def login_of(stack: Stack, name: str) -> Login | None:
    """That of a password of a service; None when it is none."""
    there = (
        Login(store, one.database, user.service)
        for store in stack.stores for one in store.rights for user in one.users
        if login_name(store.name, one.database, user.service) == name
    )  # fmt: skip
    return next(there, None)


def role_secrets(store: Store) -> tuple[str, ...]:
    """Every secret that a role of its databases logs in with."""
    return (*_of_roles(store), *login_names(store))


def store_secrets(store: Store) -> tuple[str, ...]:
    """The secrets that a store itself is handed."""
    if not runs(store):
        return ()
    own = [password_name(store.name)] if managed(store) else []
    own += [encryption_name(store.name)] if managed(store) and store.encrypted else []
    own += [admin_name(store.name)] if managed(store) and store.rights else []
    return (*own, *(one.name for one in store.secrets))


def databases(store: Store) -> tuple[str, ...]:
    """Those of a store; a PostgreSQL that names none has one of its own name."""
    return store.databases or (store.name.replace("-", "_"),)


def access(
    wishes: Iterable[Wish], stores: Iterable[Store], taken: Collection[str],
    services: Sequence[str] = (),
) -> tuple[ServiceSecret, ...]:  # fmt: skip
    """What a service gets of all that it uses, without the variables that are `taken`.

    `services`: its name, and that of the one that it is like: where a database names the other alone, it is that one.
    """
    known = {store.name: store for store in stores}
    parts = [(known[one.store], database, one) for one in wishes if one.store in known
             for database in _wanted(known[one.store], one) if _may(known[one.store], database, services)]  # fmt: skip
    found: dict[str, ServiceSecret] = {}
    for store, database, wish in parts:
        only = sum(other.kind == store.kind for other, _, _ in parts) == 1
        name = ONLY[store.kind] if only and store.kind in ONLY else prefix(store.name, database)
        for one in _given(store, database, name, wish, _as(store, database, services)):
            if one.variable not in taken:
                found.setdefault(one.variable, one)
    return tuple(found.values())


def plain(wishes: Iterable[Wish], stores: Iterable[Store]) -> dict[str, str]:
    """What is no secret of it: the only bucket of an S3."""
    known = {store.name: store for store in stores if managed(store) and store.kind == "s3"}
    used = [known[one.store] for one in wishes if one.store in known]
    single = [one for one in used if len(one.buckets) == 1]
    return {f"{ONLY['s3'] if len(used) == 1 else prefix(one.name)}_BUCKET": one.buckets[0] for one in single}


def trusted(wishes: Iterable[Wish], stores: Iterable[Store]) -> dict[str, str]:
    """Where AWS' libraries find the certificate of an S3 that has one of the project's own authority.

    What is named so is all that they trust, so the public authorities are in it too: whoever asks AWS itself, or an S3
    of somebody else, goes on knowing those. By https they would send sums behind the body, which not every S3 takes;
    https has its own.
    """
    known = {store.name: store for store in stores if _sealed(store)}
    own = [one.store for one in wishes if one.store in known]
    path = f"${{SECRETS}}/{authorities_name(own[0])}" if own else ""
    return {"AWS_CA_BUNDLE": path, "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"} if own else {}


def _sealed(store: Store) -> bool:
    """Whether it is an S3 that is known by the project's own authority."""
    return managed(store) and store.kind == "s3" and store.tls


def _wanted(store: Store, wish: Wish) -> tuple[str, ...]:
    if store.kind != "postgres":
        return ("",)
    return (wish.database,) if wish.database else databases(store)


def _may(store: Store, database: str, services: Sequence[str]) -> bool:
    return rights_of(store, database) is None or _as(store, database, services) != ""


def _as(store: Store, database: str, services: Sequence[str]) -> str:
    """Who of them a database names; empty: none, or it names nobody."""
    rights = rights_of(store, database)
    named = {user.service for user in rights.users} if rights else set()
    return next((one for one in services if one in named), "")


def _given(store: Store, database: str, name: str, wish: Wish, service: str) -> Iterator[ServiceSecret]:
    if runs(store) and not managed(store) and store.port is None:
        return  # nobody knows where it listens
    yield ServiceSecret(url_name(store, database, service), wish.delivery, wish.key or f"{name}_URL")
    if store.kind == "postgres" and managed(store):
        yield ServiceSecret(authority_name(store.name))
    if store.kind == "s3" and managed(store):
        yield ServiceSecret(access_key_name(store.name), wish.delivery, f"{name}_ACCESS_KEY")
        yield ServiceSecret(password_name(store.name), wish.delivery, f"{name}_SECRET_KEY")
    if _sealed(store):
        yield ServiceSecret(authority_name(store.name))
        yield ServiceSecret(authorities_name(store.name))


def url_name(store: Store, database: str = "", service: str = "") -> str:
    """What an address is called among the values that are handed over; with `service` it is that service's own."""
    return f"{prefix(store.name, database)}_{f'{prefix(service)}_' if service else ''}URL"


def access_key_name(store: str) -> str:
    """The same of who asks an S3."""
    return f"{prefix(store)}_ACCESS_KEY"


def derived_names(stack: Stack) -> frozenset[str]:
    """What services are handed and no back end has: it is made of a store's address and its password."""
    items: tuple[Service | Job, ...] = (*stack.services, *stack.jobs)
    declared = {one.name for one in stack.secrets}
    return frozenset(one.name for item in items for one in item.access) - declared
