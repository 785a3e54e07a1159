"""Who uses a database: what is wrong is said where it stands, and what it comes to for services."""

from pathlib import Path

import pytest
from project_files import findings, small

from fairlead.project.project import parse_project

STORE = "stores: {{db: {{kind: postgres, databases: {{shop: {{{0}}}}}}}}}\n"


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("used_by: {nobody: rw}", 'there is no service "nobody"'),
        ("used_by: {web: all}", "expected ro or rw"),
        ("rls: {orders: {using: x}}", "rls goes with used_by"),
        ("used_by: {web: rw}, rls: {orders: {using: x, to: [worker]}}", '"worker" does not use this database'),
    ],
)
def test_what_is_wrong_is_said(database, said):
    found = findings(small(top=STORE.format(database)))
    assert any(said in one for one in found), found


def test_two_roles_never_have_one_name():
    databases = "databases: {shop: {used_by: {web: rw}}, shop_web: {}}"
    found = findings(small(top=f"stores: {{db: {{kind: postgres, {databases}}}}}\n"))
    assert any("two roles would be called shop_web" in one for one in found), found


TEXT = """\
name: shop
services:
  web: {source: ., command: serve, port: 1, routes: [/], uses: [db.shop]}
  worker: {like: web, command: work}
  mails: {like: web, command: mail}
stores: {db: {kind: postgres, databases: {shop: {used_by: {web: rw, worker: ro}}, old: {}}}}
environments: {local: {edge: {http: 8080}}}
"""


def test_each_service_is_told_its_own_address_and_who_is_like_another_has_its_address():
    stack = parse_project(TEXT, Path("/nowhere")).stack("local")
    told = {one.name: [(it.variable, it.name) for it in one.access if it.variable == "DATABASE_URL"]
            for one in stack.services}  # fmt: skip
    assert told == {
        "web": [("DATABASE_URL", "DB_SHOP_WEB_URL")],
        "worker": [("DATABASE_URL", "DB_SHOP_WORKER_URL")],
        "mails": [("DATABASE_URL", "DB_SHOP_WEB_URL")],
    }
    kinds = {one.name: one.rotate.kind for one in stack.secrets}
    assert kinds["DB_SHOP_WEB_PASSWORD"] == "postgres"
    assert {"DB_ADMIN_PASSWORD", "DB_SHOP_MIGRATOR_PASSWORD"} <= kinds.keys()


def test_who_uses_a_database_that_names_others_is_told():
    found = findings(TEXT.replace("web: rw, worker: ro", "worker: ro"))
    assert found[0].split(": ", 2)[2].startswith('used_by of db.shop does not name "web"')
