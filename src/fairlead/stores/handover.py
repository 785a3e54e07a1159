"""What services are told of stores: addresses with their passwords in them."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from fairlead.certificates.public import beside_public
from fairlead.masking import Secret
from fairlead.project import placeholders
from fairlead.project.access import (
    access_key_name,
    authorities_name,
    authority_name,
    databases,
    derived_names,
    directly,
    login_name,
    managed,
    migrator_name,
    migrator_url,
    password_name,
    rights_of,
    runs,
    url_name,
)
from fairlead.project.database_roles import Roles, phrase_of, side_of
from fairlead.project.stack import Stack, Store
from fairlead.render.stores.plain import preset
from fairlead.render.stores.postgres import role_of
from fairlead.stores.base import Address, Stores, Values
from fairlead.stores.kinds.s3 import user_of


def url_secrets(stack: Stack) -> frozenset[str]:
    """The secrets that stand in the url of a store that somebody uses."""
    used = {use.partition(".")[0] for service in stack.services for use in service.uses}
    used |= {one.name for one in stack.stores if one.rights}
    urls = [url or "" for one in stack.stores if one.name in used for url in (one.url, one.direct_url)]
    names = {name for url in urls for name in placeholders.names(url)}
    return frozenset(names & {one.name for one in stack.secrets})


def handed_over(stack: Stack, stores: Stores, found: Values) -> dict[str, Secret]:
    """Everything of it that can be said now: a store that was never made has no address yet."""
    wanted = derived_names(stack)
    made: dict[str, Secret] = {}
    for store in stack.stores:
        made.update(_of(store, stores.address(store), stores, found) if runs(store) else _given(stack, store, found))
    return {name: value for name, value in made.items() if name in wanted}


def _of(store: Store, where: Address | None, stores: Stores, found: Values) -> dict[str, Secret]:
    password = found.get(password_name(store.name))
    if where is not None and managed(store) and store.kind == "postgres":
        return _of_postgres(store, where, stores, found)
    if where is None or (managed(store) and password is None):
        return {}
    if not managed(store):
        return {url_name(store): Secret(f"tcp://{where.host}:{store.port or preset(store).port}")}
    assert password is not None  # noqa: S101 — said above
    if store.kind == "redis":
        return {url_name(store): Secret(f"redis://:{_encoded(password)}@{where.host}:{where.port}/0")}
    url = Secret(f"{'https' if store.tls else 'http'}://{where.host}:{where.port}")
    return {url_name(store): url, access_key_name(store.name): user_of(password)} | _known_by(store, stores)


def _known_by(store: Store, stores: Stores) -> dict[str, Secret]:
    """The certificate of an S3, alone and with all others that its users trust."""
    if not store.tls:
        return {}
    own = stores.authority_pem()
    return {authority_name(store.name): Secret(own), authorities_name(store.name): Secret(beside_public(own))}


def _of_postgres(store: Store, where: Address, stores: Stores, found: Values) -> dict[str, Secret]:
    """Verified: whoever has the address knows the server, and nobody in between can be one."""
    root, urls = stores.authority(store), {}
    for one in databases(store):
        for name, (role, password) in _logins(store, one, found).items():
            urls[name] = by_network(one, where, role, password, root)
    return urls | {authority_name(store.name): Secret(stores.authority_pem())}


def _logins(store: Store, database: str, found: Values) -> dict[str, tuple[str, Secret]]:
    """Role and password of each that uses a database, by what its address is called."""
    rights = rights_of(store, database)
    if rights is None:
        password = found.get(password_name(store.name))
        return {url_name(store, database): (role_of(database), password)} if password else {}
    logins = {}
    for user in rights.users:
        value = found.get(login_name(store.name, database, user.service))
        if value:
            role = Roles(database).login(user.service, side_of(value))
            logins[url_name(store, database, user.service)] = (role, phrase_of(value))
    if phrase := found.get(migrator_name(store.name, database)):
        logins[url_name(store, database, "migrator")] = (Roles(database).migrator, phrase)
    return logins


def by_network(database: str, where: Address, role: str, password: Secret, root: str) -> Secret:
    """The address of a database as a service has it. `root`: the path of the certificate that it is known by."""
    who, how = f"{quote(role)}:{_encoded(password)}", f"sslmode=verify-full&sslrootcert={quote(root)}"
    return Secret(f"postgresql://{who}@{where.host}:{where.port}/{quote(database)}?{how}")


def by_socket(database: str, where: Address, password: Secret, role: str | None = None) -> Secret:
    """The address of a database for this machine, over the UNIX socket: as `role`, or as its owner."""
    who = f"{quote(role or role_of(database))}:{_encoded(password)}"
    return Secret(f"postgresql://{who}@/{quote(database)}?host={quote(where.host, safe='')}&port={where.port}")


def _encoded(value: Secret) -> str:
    return quote(value.reveal(), safe="", errors="surrogateescape")


def _given(stack: Stack, store: Store, found: Values) -> dict[str, Secret]:
    """Of one that somebody else runs: its url, with the name of each of several databases."""
    url = filled(stack, store, found)
    if url is None:
        return {}
    if store.kind != "postgres":
        return {url_name(store): url}
    itself = filled(stack, directly(store), found)
    urls: dict[str, Secret] = {}
    for one in databases(store):
        moving = migrator_url(store, one)
        if rights_of(store, one) is None:
            several = len(store.databases) > 1
            here = {url_name(store, one): url} | ({moving: itself} if store.direct_url and itself else {})
            urls |= {name: _at(it, one) if several else it for name, it in here.items()}
            continue
        for name, (role, password) in _logins(store, one, found).items():
            where = itself if name == moving else url
            urls |= {name: logged_in(where, one, role, password)} if where else {}
    return urls


def _at(url: Secret, database: str) -> Secret:
    return Secret(urlunsplit(urlsplit(url.reveal().strip())._replace(path=f"/{quote(database)}")))


def logged_in(url: Secret, database: str, role: str, password: Secret) -> Secret:
    """The address of a database with somebody else who logs in."""
    parts = urlsplit(url.reveal().strip())
    where = parts.netloc.rpartition("@")[2]
    return Secret(
        urlunsplit(parts._replace(netloc=f"{quote(role)}:{_encoded(password)}@{where}", path=f"/{quote(database)}"))
    )


def filled(stack: Stack, store: Store, found: Values) -> Secret | None:
    """The url with its names filled in; None while one of them has no value.

    A secret that is the whole url stands as it is; one that is a part of it, a password say, is %-encoded.
    """
    text = store.url or ""
    names = set(placeholders.names(text))
    secret = names & {spec.name for spec in stack.secrets}
    if names - secret - stack.variables.keys() or secret - found.keys():
        return None
    whole = text.strip() in {f"${{{name}}}" for name in secret}
    values = {name: stack.variables[name] for name in names - secret}
    values |= {name: found[name].reveal() if whole else _encoded(found[name]) for name in secret}
    return Secret(placeholders.expand(text, values))
