"""Which databases of a stack are meant, and the address of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from fairlead.errors import Refused, UsageError
from fairlead.masking import Secret
from fairlead.operations.db.rights import mend, target_of
from fairlead.postgres.connection import Address, Settings, address
from fairlead.postgres.files import Folder
from fairlead.project import placeholders
from fairlead.project.access import directly, managed, migrator_name, password_name, rights_of
from fairlead.project.database_roles import Roles
from fairlead.project.problem import did_you_mean
from fairlead.project.stack import Migrations, Stack, Store
from fairlead.secrets.table import backend_of
from fairlead.stores.handover import by_socket, logged_in
from fairlead.stores.table import stores_of
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class Database:
    """One database of a stack whose schema is moved by files."""

    store: str
    where: Address
    folder: Folder
    settings: Settings
    out_of_order: bool
    placeholders: dict[str, str]
    secret: frozenset[str]  #: names that no file may use
    environment: str
    settled: Callable[[], object] | None = None  #: has rights and policies of what migrations made

    @property
    def name(self) -> str:
        """As the project calls it, `db.shop`."""
        return self.store


def chosen(stack: Stack, root: Path, names: Sequence[str] = ()) -> tuple[Database, ...]:
    """The databases of those names (`shop`, or `db.shop`), in the order of the file; without names all with migrations.

    UsageError for a name that there is not; Refused for one that this version cannot migrate.
    """
    picked = declared(stack, names)
    for store, one in picked:
        _fit(stack, store, one)
    return tuple(database_of(stack, root, store, one, root) for store, one in picked)


def declared(stack: Stack, names: Sequence[str] = ()) -> list[tuple[Store, Migrations]]:
    """The same, as they are declared: nothing is asked for an address. UsageError."""
    there = [(store, one) for store in stack.stores if store.kind == "postgres" for one in store.migrations]
    known = {f"{store.name}.{one.database}" for store, one in there}
    for name in names:
        if name not in known and not any(one.database == name for _, one in there):
            text = f'there is no database "{name}" in {stack.environment}{did_you_mean(name, known)}'
            raise UsageError(text, f"there is {', '.join(sorted(known))}" if known else "declare it under `stores`")
    picked = [
        (store, one) for store, one in there
        if (not names and (one.folder or one.migrator)) or {one.database, f"{store.name}.{one.database}"} & set(names)
    ]  # fmt: skip
    if not picked:
        raise UsageError(f"no database of {stack.environment} has migrations", "name their folder under `stores`")
    return picked


def _fit(stack: Stack, store: Store, one: Migrations) -> None:
    name = f"{store.name}.{one.database}"
    if one.migrator:
        what = f"{name} is migrated by `{one.migrator}`, which knows what is pending and what ran"
        raise Refused(what, f"it is run in each deployment, under our lock: fairlead deploy {stack.environment}")
    if one.folder is None:
        raise Refused(f"{name} has no migrations", "name their folder: `migrations: db/shop`")
    require_known(store)


def require_known(store: Store) -> None:
    """Refused for one of which nobody knows how it is reached."""
    if store.url is None and not managed(store):
        what = f"{store.name} has neither a url nor a PostgreSQL that Fairlead knows: it has a command of its own"
        raise Refused(what, 'name the server: url: "${DATABASE_URL}", the name of a secret')


def database_of(stack: Stack, root: Path, store: Store, one: Migrations, base: Path) -> Database:
    """One of them. `root` is the project's folder, `base` the one that its files of migrations lie below."""
    several, rights = len(store.databases) > 1, rights_of(store, one.database)
    url = _own_url(stack, root, store, one) if store.url is None else url_of(stack, root, store)
    if rights and store.url is not None:
        phrase = _password(stack, root, migrator_name(store.name, one.database))
        url = logged_in(url, one.database, Roles(one.database).migrator, phrase)
    settings = Settings(one.schema, one.table, one.lock_timeout, one.statement_timeout, undo_type=one.undo_rows)
    return Database(
        store=f"{store.name}.{one.database}",
        where=address(url, one.database, several),
        folder=folder_of(base, one),
        settings=settings,
        out_of_order=one.out_of_order,
        placeholders={**stack.variables, **one.placeholders},
        secret=hidden_names(stack, one),
        environment=stack.environment,
        settled=(lambda: mend([target_of(stack, root, store, rights, retire=False)])) if rights else None,
    )


def folder_of(root: Path, one: Migrations) -> Folder:
    """Where its files are."""
    contract = root / one.contract if one.contract else None
    return Folder(root / (one.folder or ""), one.folder or "", contract, one.contract or "")


def hidden_names(stack: Stack, one: Migrations) -> frozenset[str]:
    """Names of secrets, which no file may use."""
    return frozenset(spec.name for spec in stack.secrets) - set(one.placeholders)


def _password(stack: Stack, root: Path, name: str) -> Secret:
    found = backend_of(stack, root).get([name]).get(name)
    if not found:
        raise Refused(f"{name} has no value yet", f"have the roles made: fairlead deploy {stack.environment}")
    return found


def _own_url(stack: Stack, root: Path, store: Store, one: Migrations) -> Secret:
    """Of a PostgreSQL that Fairlead runs: over its socket, which is there on every runtime. Refused before it runs."""
    where = stores_of(stack.runtime, Place.of(stack.project, stack.environment)).socket(store)
    rights = rights_of(store, one.database)
    name = migrator_name(store.name, one.database) if rights else password_name(store.name)
    password = backend_of(stack, root).get([name]).get(name)
    if where is None or not password:
        hint = f"have it made: fairlead deploy {stack.environment}, or fairlead stores apply {stack.environment}"
        raise Refused(f"{store.name} was never started in {stack.environment}", hint)
    return by_socket(one.database, where, password, Roles(one.database).migrator if rights else None)


def url_of(stack: Stack, root: Path, store: Store) -> Secret:
    """The url of the server of a store with its names filled in. UsageError for a secret that has no value.

    A secret that is the whole url stands as it is; one that is a part of it, a password say, is %-encoded.
    """
    text = directly(store).url or ""
    names = set(placeholders.names(text))
    secret = names & {spec.name for spec in stack.secrets}
    values = {name: stack.variables[name] for name in names - secret if name in stack.variables}
    missing = names - secret - set(values)
    found = backend_of(stack, root).get(secret) if secret else {}
    missing |= {name for name in secret if name not in found}
    if missing:
        what = f"the url of {store.name} needs {', '.join(sorted(missing))}, which has no value in {stack.environment}"
        raise UsageError(what, "set it: fairlead secrets set")
    whole = text.strip() in {f"${{{name}}}" for name in secret}
    values |= {name: one.reveal() if whole else quote(one.reveal(), safe="") for name, one in found.items()}
    return Secret(placeholders.expand(text, values))
