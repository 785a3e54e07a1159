"""What a command that is tried on a copy is handed: addresses of other stores lead nowhere, all else is as it is."""

from fairlead.operations.trials.tool import _own_urls, addresses
from fairlead.operations.trials.tool_in_rollout import refusal
from fairlead.postgres.rehearsal import Rehearsal
from fairlead.project.project import parse_project
from fairlead.project.stack import Migrations

FILE = """\
name: shop
secrets: {OTHER_URL: {}, PHRASE: {}}
services:
  web: {image: shop, port: 80, uses: [db, kept, other], secrets: [PHRASE]}
stores:
  db: {kind: postgres, databases: {shop: {migrator: alembic upgrade head}}}
  kept: {kind: s3, tls: true}
  other: {kind: redis, url: "${OTHER_URL}"}
environments: {production: {runtime: docker}}
"""


def test_what_its_clients_trust_is_no_address(tmp_path):
    """A client that is told of a file of certificates and finds none in it fails before it asks anybody."""
    stack = parse_project(FILE, tmp_path).outline("production")
    assert addresses(stack) == {"DB_SHOP_URL", "KEPT_URL", "KEPT_ACCESS_KEY", "OTHER_URL"}


KNOWN = """\
name: shop
secrets: {DATABASE_URL: {}, SHARED_URL: {}}
services:
  web: {image: shop, port: 80, secrets: [{name: DATABASE_URL, as: env}, {name: SHARED_URL, as: env}]}
stores:
  db:
    kind: postgres
    url: "${DATABASE_URL}"
    databases: {shop: {migrator: alembic upgrade head, migrate: {like: web}}}
  shared: {kind: postgres, url: "${SHARED_URL}", databases: {shared: {}}}
environments: {production: {runtime: docker}}
"""


def test_the_url_of_a_store_that_no_service_uses_is_an_address_too(tmp_path):
    """A service may have it as a secret of its own, where its tool finds the live database."""
    stack = parse_project(KNOWN, tmp_path).outline("production")
    assert addresses(stack) >= {"DATABASE_URL", "SHARED_URL"}
    mine = _own_urls(stack, stack.stores[0], "shop")
    assert "DATABASE_URL" in mine and "SHARED_URL" not in mine


def test_who_is_refused_is_told_what_a_copy_lacks():
    """A command that insists on TLS fails on every copy, and on no live server."""
    tried = {"database": "db.shop", "base": None, "prints": (), "source": "", "at": "", "patience": 1.0}
    said = refusal(Rehearsal(**tried, failure="no SSL"), Migrations("shop"))
    assert "says fails: no SSL" in said and "no TLS" in said and "rehearse: never" in said
    assert refusal(Rehearsal(**tried), Migrations("shop")) == ""
