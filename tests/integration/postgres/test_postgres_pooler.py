"""A real pgbouncer between services and the server."""

from dataclasses import replace

import psycopg
import pytest
import tests.pooler
from roles_site import RolesSite
from tests.pooler import pooler

from fairlead.backups.server import at_url
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret
from fairlead.operations.checks import poolers
from fairlead.operations.db.migrate import migrate
from fairlead.postgres.connection import Pooled, Settings, address, connect
from fairlead.postgres.roles.logins import Logins
from fairlead.project.database_roles import phrase_of, turned
from fairlead.project.stack import SecretSpec
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def program(need):
    return need(tests.pooler.program())


@pytest.fixture(scope="module")
def asking(program, postgres):
    """It asks the server, and passes on nothing that a client sets at the start."""
    with pooler(program, postgres) as one:
        yield one


@pytest.mark.parametrize("more", ["", "ignore_startup_parameters = options\n"], ids=["strict", "lenient"])
def test_it_is_known_before_anything_is_done_by_it(program, postgres, site, more):
    with pooler(program, postgres, more=more) as one:
        where = address(Secret(one.url(site.name)), site.name, several=False)
        with pytest.raises(Pooled, match="is a connection pooler") as caught:
            connect(where, Settings())
        assert "direct_url" in caught.value.hint
        site.write(V1__a="create table a ()")
        with pytest.raises(Refused, match="is a connection pooler"):
            migrate([replace(site.database, where=where)])
        assert site.ask("select to_regclass('a'), to_regclass('flyway_schema_history')") == [(None, None)]


def test_a_backup_does_not_leave_its_settings_to_services(asking, site):
    with (
        at_url(Secret(asking.url(site.name)), {}) as server,
        pytest.raises(Refused, match="is a connection pooler"),
    ):
        server.connect(site.name)
    with psycopg.connect(asking.url(site.name), prepare_threshold=None) as service:
        assert service.execute("show statement_timeout").fetchone() == ("0",)
        service.execute("set statement_timeout = '7s'")
        assert service.execute("show statement_timeout").fetchone() == ("7s",)


def test_files_move_the_schema_by_the_server_itself_and_services_go_by_the_pooler(asking, made, monkeypatch):
    one = made()
    monkeypatch.setenv("POOLED", asking.url(one.site.name))
    (store,) = one.stack().stores
    one.site.write(V1__a="create table a ()", V2__b="create index concurrently i on a ((1))")
    stack = one.stack
    monkeypatch.setattr(one, "stack", lambda **how: pooled(stack(**how)))
    one.deploy()
    assert one.site.ask("select to_regclass('a')::text, indisvalid from pg_index where indexrelid = 'i'::regclass") == [
        ("a", True)
    ]
    (found,) = poolers.examine(one.stack(), one.root)
    assert found.result == "ok"
    by_it = replace(one.stack(), stores=(replace(store, url="${POOLED}"),))
    (found,) = poolers.examine(by_it, one.root)
    assert found.result == "failed" and "is a connection pooler" in found.text and "direct_url" in found.hint


def pooled(stack):
    """The same with the pooler as what services are told."""
    (store,) = stack.stores
    secrets = (*stack.secrets, SecretSpec("POOLED"))
    return replace(stack, stores=(replace(store, url="${POOLED}", direct_url=store.url),), secrets=secrets)


@pytest.fixture
def shop(postgres, tmp_path, request):
    """Its services need their password, as they do on a server that is in use."""
    made = len(postgres.names)
    one = RolesSite(postgres, postgres.new(request.node.name), tmp_path / "db", rows=())
    one.reconcile()
    rules = postgres.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    named = ",".join(one.roles.login("web", side) for side in "ab")
    rules.write_text(f"host all {named} all scram-sha-256\n{before}")
    one.ask("select pg_reload_conf()")
    yield one
    rules.write_text(before)
    one.ask("select pg_reload_conf()")
    postgres.drop_since(made)


def logins(shop, one):
    """Who changes the password of `web`, whose way in is the pooler."""

    def before(role, password):
        return address(Secret(one.url(shop.name, role, password.reveal())), shop.name, several=True)

    return Logins(shop.where, shop.roles, "web", shop.passwords["web"], lambda *how: direct(shop, *how), before)


def direct(shop, role, password):
    url = shop.url.rpartition("@")[2]
    return address(Secret(f"postgres://{role}:{password.reveal()}@{url}"), shop.name, several=True)


def lets_in(one, shop, role, password):
    try:
        psycopg.connect(one.url(shop.name, role, password.reveal())).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_pooler_that_asks_the_server_goes_over_to_the_other_role(asking, shop):
    old, new = shop.passwords["web"], turned(shop.passwords["web"], Secret("w-9"))
    one = logins(shop, asking)
    one.check(old)
    with psycopg.connect(asking.url(shop.name, one.role(old), phrase_of(old).reveal())) as session:
        session.execute("select 1")
        session.commit()
        one.accept(new)
        one.verify(new)
        one.refuse(old, new)
        assert session.execute("select current_user").fetchone() == (one.role(old),), "who is in stays in"
    assert not lets_in(asking, shop, one.role(old), phrase_of(old))


def test_a_role_that_the_pooler_does_not_know_is_found_before_services_are_told(program, postgres, shop):
    old, new = shop.passwords["web"], turned(shop.passwords["web"], Secret("w-9"))
    with pooler(program, postgres, asks=False) as listed:
        one = logins(shop, listed)
        known = {one.role(old): phrase_of(old).reveal()}
        listed.know(**known)
        assert wait_until(lambda: lets_in(listed, shop, one.role(old), phrase_of(old)), 60)
        one.check(old)
        one.accept(new)
        with pytest.raises(FairleadError, match=f"does not let in {one.role(new)}") as caught:
            one.verify(new)
        assert "auth_query" in caught.value.hint and "w-9" not in str(caught.value)
        listed.know(**known, **{one.role(new): phrase_of(new).reveal()})
        assert wait_until(lambda: lets_in(listed, shop, one.role(new), phrase_of(new)), 60)
        one.verify(new)
