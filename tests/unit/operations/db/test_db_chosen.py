"""Which databases are meant, and the address of each: the one place where secrets stand in braces."""

import pytest

from fairlead.errors import Refused, UsageError
from fairlead.operations.db.chosen import chosen, url_of
from fairlead.project.loader import load_project

FILE = """\
name: shop
variables: {{DATABASE_HOST: {{default: db.example.com}}}}
secrets: {{DATABASE_URL: {{}}, DB_PHRASE: {{}}}}
secret_backend: environment
services: {{web: {{source: ., command: serve}}}}
stores:
{stores}
environments: {{local: {{}}}}
"""

TWO = '  db: {kind: postgres, url: "${DATABASE_URL}", databases: {shop: {migrations: a}, mail: {migrations: b}, x: {}}}'
ONE = '  db: {kind: postgres, url: "${DATABASE_URL}", databases: {shop: {migrations: a}}}'
PARTS = """\
  db:
    kind: postgres
    url: postgres://app:${DB_PHRASE}@${DATABASE_HOST}/shop
    databases: {shop: {migrations: a}}"""


USED = '  db: {kind: postgres, url: "${DATABASE_URL}", databases: {shop: {migrations: a, used_by: {web: rw}}}}'
PHRASE = "pw-of-9"


@pytest.fixture
def stack(tmp_path):
    def stack(stores):
        (tmp_path / "fairlead.yaml").write_text(FILE.format(stores=stores))
        project = load_project(tmp_path / "fairlead.yaml")
        return project.outline("local"), project.root

    return stack


@pytest.fixture
def url(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"postgres://app:{PHRASE}@db.example.com:6000/live?sslmode=require")


def test_without_names_all_that_have_migrations(stack, url):
    found = chosen(*stack(TWO))
    assert [one.name for one in found] == ["db.shop", "db.mail"]
    assert [one.where.shown for one in found] == ["db.example.com:6000/shop", "db.example.com:6000/mail"]
    assert found[0].where.parameters["sslmode"] == "require"
    assert found[0].secret == {"DATABASE_URL", "DB_PHRASE"}
    assert [one.name for one in chosen(*stack(TWO), ["mail"])] == ["db.mail"]
    assert [one.name for one in chosen(*stack(TWO), ["db.shop", "mail"])] == ["db.shop", "db.mail"]


def test_of_one_database_the_url_says_which(stack, url):
    assert chosen(*stack(ONE))[0].where.shown == "db.example.com:6000/live"


def test_a_secret_that_is_a_part_of_a_url_is_encoded(stack, monkeypatch):
    monkeypatch.setenv("DB_PHRASE", "a/b@c:d%")
    outline, root = stack(PARTS)
    assert url_of(outline, root, outline.stores[0]).reveal().split("@") == [
        "postgres://app:a%2Fb%40c%3Ad%25",
        "db.example.com/shop",
    ]
    (found,) = chosen(outline, root)
    assert "a/b@c:d%" in found.where.parameters.values()
    assert "a/b@c:d%" not in repr(found)


def test_a_migration_shuts_nobody_out(stack, url, monkeypatch, tmp_path):
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    for name in ("DB_SHOP_WEB_PASSWORD", "DB_SHOP_MIGRATOR_PASSWORD"):
        monkeypatch.setenv(name, PHRASE)
    meant = []
    monkeypatch.setattr("fairlead.operations.db.chosen.mend", meant.extend)
    (found,) = chosen(*stack(USED))
    found.settled()
    assert [one.wanted.retire for one in meant] == [False]


@pytest.mark.parametrize(
    ("stores", "names", "kind", "said"),
    [
        (TWO, ["shpo"], UsageError, 'there is no database "shpo" in local'),
        (TWO, ["x"], Refused, "db.x has no migrations"),
        ("  db: {kind: postgres, databases: {shop: {}}}", [], UsageError, "no database of local has migrations"),
        ("  db: {kind: postgres, databases: {shop: {migrations: a}}}", [], Refused, "db was never started in local"),
        (
            "  db: {kind: postgres, databases: {shop: {migrator: alembic upgrade head}}}",
            [],
            Refused,
            "is migrated by `alembic",
        ),
        (PARTS, [], UsageError, "the url of db needs DB_PHRASE, which has no value in local"),
    ],
)
def test_what_cannot_be_is_said(stack, url, monkeypatch, stores, names, kind, said):
    monkeypatch.delenv("DB_PHRASE", raising=False)
    with pytest.raises(kind) as caught:
        chosen(*stack(stores), names)
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", f"mysql://u:{PHRASE}@h/d", f"postgres://u:{PHRASE}@h:1/d?nonsense=1", "host=h"])
def test_what_is_no_address_is_said_without_it(stack, monkeypatch, text):
    monkeypatch.setenv("DATABASE_URL", text)
    with pytest.raises(UsageError) as caught:
        chosen(*stack(ONE))
    assert PHRASE not in f"{caught.value.message}{caught.value.hint}"
