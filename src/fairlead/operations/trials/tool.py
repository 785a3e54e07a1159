"""The command of another tool that moves a schema, run on a copy: with its own artifact, and the copy's address.

All other addresses of stores that it would be handed lead nowhere. In a container it has the copy's network and no
other, so that it reaches nothing else; a process of this machine reaches what it finds by itself.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fairlead.artifacts import Release
from fairlead.backups.scratch import PORT
from fairlead.backups.server import name as quoted
from fairlead.backups.server import text as literal
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret, masked
from fairlead.operations.backups.handed import handed
from fairlead.operations.db.chosen import Database, database_of
from fairlead.operations.secrets.supply import Supply
from fairlead.operations.trials.copies import Source, filled, name_in, origin_of
from fairlead.postgres.connection import connect
from fairlead.postgres.queries import Fit, broken, fit
from fairlead.postgres.rehearsal import Rehearsal
from fairlead.postgres.sampled import Sampled
from fairlead.postgres.schema_print import schema_print
from fairlead.project.access import authorities_name, authority_name, derived_names, migrator_job, url_name
from fairlead.project.placeholders import expand, names
from fairlead.project.stack import Migrations, Stack, Store
from fairlead.rollout import specs
from fairlead.runtimes.base import InstanceSpec
from fairlead.secrets.delivery import Handful, deliver
from fairlead.system import clock
from fairlead.system.commands import Command, run
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.backups.server import Connection, Server
    from fairlead.operations.trials.rehearse import Asking

Say = Callable[[str], object]
NOWHERE = b"nowhere://a-rehearsal.invalid"
SHOWN = 12  #: lines of what it said last


@dataclass(frozen=True, slots=True)
class As:
    """Who runs it on the live database: logged in as `login`, `role` from the first statement on."""

    login: str
    role: str
    path: str


class Strayed(FairleadError):
    """The live schema changed while the command ran on a copy."""


@dataclass(frozen=True)
class Ran:
    """What came of the command."""

    code: int
    output: str
    seconds: float


@dataclass(frozen=True)
class Tool:
    """A command as a release would run it."""

    release: Release
    store: Store
    declared: Migrations
    root: Path  #: the project's folder
    machine: specs.Machine

    @property
    def stack(self) -> Stack:
        """Of the release."""
        return self.release.stack

    @property
    def place(self) -> Place:
        """Of its environment."""
        return Place.of(self.stack.project, self.stack.environment)

    @property
    def job(self) -> str:
        """As it is called in a deployment."""
        return migrator_job(self.store.name, self.declared.database)

    @property
    def prints(self) -> tuple[tuple[str, str], ...]:
        """What a rehearsal of it is of: what is pending only the command knows."""
        return ((self.declared.migrator or "", self.release.artifacts.get(self.job, "")),)

    def database(self) -> Database:
        """That it moves. FairleadError where it has no address yet."""
        return database_of(self.stack, self.root, self.store, self.declared, self.root)


@dataclass(frozen=True)
class Trial:
    """One command, on one copy."""

    tool: Tool
    folder: Path  #: for what it is handed; gone with the copy
    server: Server
    url: Secret

    def run(self) -> Ran:
        """To its end."""
        release, stack = self.tool.release, self.tool.stack
        deliver(self.folder, release.id, stack, self._handful())
        machine = replace(self.tool.machine, secrets=self.folder)
        spec = specs.job_spec(release, self.tool.job, machine)
        begun = time.monotonic()
        code, output = self._inside(spec, machine) if machine.containers else self._here(spec)
        return Ran(code, masked(output), time.monotonic() - begun)

    def _handful(self) -> Handful:
        stack = self.tool.stack
        supply = Supply(stack, self.tool.root, self.tool.place)
        handful = supply.read()
        mine = _own_urls(stack, self.tool.store, self.tool.declared.database)
        theirs = addresses(stack)
        files = {
            name: self.url.reveal().encode() if name in mine else NOWHERE if name in theirs else content
            for name, content in handful.files.items()
        }
        return replace(handful, files=files, templates=b"")

    def _here(self, spec: InstanceSpec) -> tuple[int, str]:
        values = {**spec.values, "PORT": ""}
        env = {name: expand(value, values) for name, value in spec.env.items()} | _from_files(spec)
        argv = tuple(expand(word, values) for word in spec.argv)
        limit = self.tool.stack.job(self.tool.job).timeout
        done = run(Command(argv, cwd=Path(spec.cwd), env=env, timeout=limit))
        return done.code, done.output + (f"\nnot finished within {limit:g} s" if done.timed_out else "")

    def _inside(self, spec: InstanceSpec, machine: specs.Machine) -> tuple[int, str]:
        from fairlead.engine.engine import Engine  # noqa: PLC0415 — only with an engine
        from fairlead.engine.owner import Owner  # noqa: PLC0415
        from fairlead.operations.backups.contained import beside_copy  # noqa: PLC0415
        from fairlead.runtimes.docker.spec import Handed, container_spec  # noqa: PLC0415

        inside = self.server.inside
        if inside is None:
            what = f"the copy of {self.tool.store.name} is no container, and the command runs in one"
            raise Refused(what, "rehearse it where the command runs as a process")
        engine, owner = Engine(), Owner.of(self.tool.place)
        handed = Handed(_from_files(spec), machine.handed(self.tool.release.id, self.tool.job))
        made = container_spec(spec, owner, handed)
        mounts = tuple(one for one in made.mounts if one.kind == "bind" and one.read_only)  # no data of anybody's
        alone = replace(
            made, labels=owner.labels("helper", copy=self.tool.store.name), networks=(), beside=inside.name,
            hosts=(), healthcheck=None, mounts=mounts,
        )  # fmt: skip
        with beside_copy(self.tool.place, self.tool.store) as name:
            try:
                engine.start(engine.create(replace(alone, name=name)))
                code = engine.wait(name, self.tool.stack.job(self.tool.job).timeout)
                return (1 if code is None else code), engine.log(name)
            finally:
                engine.remove(name)


def _from_files(spec: InstanceSpec) -> dict[str, str]:
    return {name: Path(path).read_text(errors="surrogateescape") for name, path in spec.secret_env.items()}


def addresses(stack: Stack) -> frozenset[str]:
    """Whatever leads to a store, by name. Certificates do not: a client that reads one would not even begin without."""
    trusted = {name(one.name) for one in stack.stores for name in (authority_name, authorities_name)}
    return (derived_names(stack) | _in_urls(stack)) - trusted


def _in_urls(stack: Stack) -> frozenset[str]:
    """The secrets that stand in the url of any store: a service may know one by its secret alone, and not `use` it."""
    found = {name for store in stack.stores for url in (store.url, store.direct_url) for name in names(url or "")}
    return frozenset(found & {one.name for one in stack.secrets})


def _own_urls(stack: Stack, store: Store, database: str) -> set[str]:
    """Whatever leads to this database: the addresses that services have, and a secret that is its whole url."""
    users = ("", "migrator", *(one.name for one in stack.services))
    urls = {(url or "").strip() for url in (store.url, store.direct_url)}
    whole = {name for name in _in_urls(stack) if f"${{{name}}}" in urls}
    return {url_name(store, database, user) for user in users} | {url_name(store)} | whole


def rehearse_tool(tool: Tool, source: Source, live: Asking, say: Say) -> Rehearsal:
    """Of one database. FairleadError when there can be no copy; Strayed where the live schema changed meanwhile: then
    perhaps the command has an address of its own, and moved what it was not to touch.
    """
    database = tool.database()
    used = None if source == "files" else _as(database)
    before = "" if used is None else print_of(database)
    with (
        handed(tool.place, port=tool.stack.runtime == "process") as (folder, port),
        origin_of(tool.stack, tool.root, database, source, port) as origin,
    ):
        say(f"{database.name}: a copy, from {origin.text}")
        name = name_in(database)
        with filled(database, origin, name) as server:
            url = _let_in(server, name, used, port or PORT)
            say(f"{database.name}: {tool.declared.migrator}")
            found = _tried(Trial(tool, folder, server, url), name, used, live)
    if before and print_of(database) != before:
        what = f"{database.name}: its schema changed while `{tool.declared.migrator}` ran on a copy of it"
        hint = "have the command take its address from DATABASE_URL; until then `migrate: {rehearse: never}`"
        raise Strayed(what, hint)
    return replace(found, source=origin.text, schema=before if source == "live" else "")


def print_of(database: Database) -> str:
    """What the schema of a live database is now."""
    with contextlib.closing(connect(database.where, database.settings)) as connection:
        return schema_print(connection, ())


def _as(database: Database) -> As:
    with contextlib.closing(connect(database.where, database.settings)) as connection:
        query = "SELECT session_user::text, current_user::text, current_setting('search_path')"
        row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101 — it is one row
    return As(*map(str, row))


def _let_in(server: Server, name: str, used: As | None, port: int) -> Secret:
    """The same role, with a password that is good for this copy alone; the address that it has then."""
    who = used or As("migrator", "migrator", "public")
    password = Secret(secrets.token_urlsafe(24))
    with server.session(name) as connection:
        for role in dict.fromkeys((who.login, who.role)):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                new, rights = quoted(role), f"GRANT ALL ON DATABASE {quoted(name)} TO"
                connection.execute(f"CREATE ROLE {new}; {rights} {new}; GRANT ALL ON SCHEMA public TO {new}".encode())
        login = quoted(who.login)
        connection.execute(f"ALTER ROLE {login} LOGIN CONNECTION LIMIT -1 VALID UNTIL 'infinity' "
                           f"PASSWORD {literal(password.reveal())}".encode())  # fmt: skip
        connection.execute(f"GRANT CONNECT ON DATABASE {quoted(name)} TO {login}".encode())
        for setting, value in (("role", who.role), ("search_path", who.path)):
            shown = value if setting == "search_path" else quoted(value)
            connection.execute(f"ALTER ROLE {login} IN DATABASE {quoted(name)} SET {setting} = {shown}".encode())
    said = f"{quote(who.login)}:{quote(password.reveal(), safe='')}@127.0.0.1:{port}/{quote(name)}"
    return Secret(f"postgresql://{said}")


def _tried(trial: Trial, name: str, used: As | None, live: Asking) -> Rehearsal:
    with trial.server.session(name) as connection, trial.server.session(name) as watching:
        before = _fit(connection, used, live)
        sampled = Sampled(watching)
        with sampled.watching():
            ran = trial.run()
        failure = "" if ran.code == 0 else _failure(trial.tool.job, ran)
        after = before if failure else _fit(connection, used, live)
        tool = trial.tool
        return Rehearsal(
            database=f"{tool.store.name}.{tool.declared.database}",
            base=None,
            prints=tool.prints,
            source="",
            at=clock.stamp(),
            patience=tool.declared.lock_timeout,
            seen=sampled.seen(tool.job, tool.declared.migrator or "", ran.seconds),
            sizes=sampled.sizes(),
            tried=len(live.queries) - len(before.failing),
            broken=broken(live.queries, before, after),
            unseen=live.why,
            failure=failure,
        )


def _fit(connection: Connection, used: As | None, live: Asking) -> Fit:
    if used:
        connection.execute(f"SET search_path = {used.path}".encode())
    return fit(connection, live.queries)


def _failure(job: str, ran: Ran) -> str:
    lines = [line for line in ran.output.splitlines() if line.strip()][-SHOWN:]
    return f"{job} ended with {ran.code}" + "".join(f"\n    {line}" for line in lines)
