"""A pooler before a server: who is told of the one, and who of the other."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fairlead.masking import Secret
from fairlead.project.project import parse_project
from fairlead.render.compose.derived import derived
from fairlead.stores.declared import fingerprint
from fairlead.stores.fake import FakeStores
from fairlead.stores.handover import handed_over, url_secrets

FILE = """\
name: shop
secrets: {{POOL_URL: {{}}, SERVER_PASSWORD: {{}}}}
services:
  web: {{source: ., command: serve, port: 1, routes: [/], uses: [db]}}
stores:
  db:
    kind: postgres
    url: ${{POOL_URL}}
    direct_url: "postgres://boss:${{SERVER_PASSWORD}}@server:5432/shop"
    databases: {{{databases}}}
environments: {{local: {{edge: {{http: 8080}}}}}}
"""
VALUES = {
    "POOL_URL": Secret("postgres://boss:p-1@pooler:6432/shop"), "SERVER_PASSWORD": Secret("p-2"),
    "DB_SHOP_WEB_PASSWORD": Secret("b:w-1"), "DB_SHOP_MIGRATOR_PASSWORD": Secret("m-1"),
}  # fmt: skip
POOLER, SERVER = "pooler:6432", "server:5432"


def stack(databases):
    return parse_project(FILE.format(databases=databases), Path()).stack("local")


@pytest.mark.parametrize(
    ("databases", "there"),
    [
        ("shop: {}", {"DB_SHOP_URL": POOLER}),
        ("shop: {migrator: alembic upgrade head}", {"DB_SHOP_URL": POOLER, "DB_SHOP_MIGRATOR_URL": SERVER}),
        ("shop: {migrator: alembic upgrade head, used_by: {web: rw}}",
         {"DB_SHOP_WEB_URL": POOLER, "DB_SHOP_MIGRATOR_URL": SERVER}),
        ("shop: {migrator: alembic upgrade head}, other: {}",
         {"DB_SHOP_URL": POOLER, "DB_OTHER_URL": POOLER, "DB_SHOP_MIGRATOR_URL": SERVER}),
    ],
)  # fmt: skip
def test_services_go_by_the_pooler_and_who_moves_the_schema_by_the_server(databases, there):
    made = stack(databases)
    told = handed_over(made, FakeStores(), VALUES)
    assert {name: urlsplit(url.reveal()).netloc.rpartition("@")[2] for name, url in told.items()} == there
    rendered = derived(made)
    assert {name: SERVER in str(rendered[name].parts) for name in there} == {
        name: where == SERVER for name, where in there.items()
    }
    assert url_secrets(made) == {"POOL_URL", "SERVER_PASSWORD"}


def test_the_job_of_another_tool_finds_the_server_where_it_looks():
    (job,) = stack("shop: {migrator: alembic upgrade head}").jobs
    assert {one.variable: one.name for one in job.access} == {"DATABASE_URL": "DB_SHOP_MIGRATOR_URL"}
    (web,) = stack("shop: {migrator: alembic upgrade head}").services
    assert {one.variable: one.name for one in web.access} == {"DATABASE_URL": "DB_SHOP_URL"}


def test_another_address_of_the_server_makes_no_store_anew():
    one, two = stack("shop: {}"), stack("shop: {}")
    changed = parse_project(FILE.format(databases="shop: {}").replace("server", "other"), Path())
    assert fingerprint(one.stores[0]) == fingerprint(two.stores[0])
    assert fingerprint(changed.stack("local").stores[0]) == fingerprint(one.stores[0])
