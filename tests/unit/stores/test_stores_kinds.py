"""What each kind writes down, and what it says."""

import hashlib
import hmac
from base64 import b64decode

import pytest

from fairlead.engine.facts import Ran
from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.project.stack import Stack, Store
from fairlead.render.scram import matches, verifier
from fairlead.render.stores.ground import Ground
from fairlead.stores.base import Address
from fairlead.stores.fake import FakeStores
from fairlead.stores.handover import by_socket, filled, handed_over
from fairlead.stores.kinds.buckets import signed
from fairlead.stores.kinds.postgres import Postgres, settling
from fairlead.stores.kinds.redis import Redis, configuration, quoted
from fairlead.stores.kinds.s3 import S3
from fairlead.stores.kinds.table import KINDS, kind_of

GROUND = Ground("/data", "/conf", 5432, "/socket", "/socket", contained=True)
ODD = Secret('it\'s "odd" \\ $1 é')


def test_a_password_is_in_no_statement_but_as_what_the_server_keeps_of_it():
    text = settling(Store("db", "postgres", databases=("shop",)), ODD)
    assert "odd" not in text
    assert "'SCRAM-SHA-256$4096:" in text


def test_the_verifier_is_that_of_rfc_5803():
    shown = verifier(Secret("pencil"), b"salt")
    _, rest = shown.split("$", 1)
    head, tail = rest.split("$")
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", b64decode(head.split(":")[1]), int(head.split(":")[0]))
    client = hmac.digest(salted, b"Client Key", "sha256")
    assert b64decode(tail.split(":")[0]) == hashlib.sha256(client).digest()
    assert b64decode(tail.split(":")[1]) == hmac.digest(salted, b"Server Key", "sha256")
    assert matches(shown, Secret("pencil"))
    assert not matches(shown, Secret("pencils"))
    assert not matches("md5abc", Secret("pencil"))


def test_names_are_quoted():
    text = settling(Store("db", "postgres", databases=("my-shop",), extensions={"my-shop": ("uuid-ossp",)}), ODD)
    assert 'CREATE DATABASE "my-shop" OWNER "my-shop"' in text
    assert 'CREATE EXTENSION IF NOT EXISTS "uuid-ossp"' in text


def test_nothing_is_made_in_a_database_that_the_next_start_would_begin_anew():
    said = []

    class Stuck:
        def run(self, argv):
            said.append(argv)
            return Ran(1, "rm: Read-only file system")

    with pytest.raises(FairleadError, match=r"first-start cannot be removed: rm: Read-only"):
        Postgres().settle(Store("db", "postgres"), GROUND, Stuck(), {})
    assert len(said) == 1


@pytest.mark.parametrize("kind", [Postgres(), Redis(), S3()])
@pytest.mark.parametrize("contained", [True, False])
def test_no_argument_and_no_variable_has_a_secret(kind, contained):
    store = Store("a", {"Postgres": "postgres", "Redis": "redis", "S3": "s3"}[type(kind).__name__], encrypted=True)
    ground = Ground("/data", "/conf", 1, "/socket", "/socket", contained=contained)
    assert kind_of(store) is KINDS[store.kind]
    said = (*kind.argv(store, ground), *kind.env(store, ground).values())
    values = {"A_PASSWORD": Secret("phrase-one-1"), "A_ENCRYPTION_KEY": Secret("phrase-two-2")}
    files = kind.files(store, ground, values)
    assert not [word for word in said if "phrase" in word]
    assert any("phrase" in text for text in files.values())


def test_redis_keeps_everything_and_drops_what_it_is_told():
    store = Store("cache", "redis", maxmemory=512 << 20, maxmemory_policy="allkeys-lru")
    lines = configuration(store, GROUND, Secret("phrase-cache")).splitlines()
    assert {"appendonly yes", "maxmemory 536870912", "maxmemory-policy allkeys-lru", "protected-mode yes"} <= {*lines}
    assert any(line.startswith("save ") for line in lines)


def test_what_is_special_is_quoted_for_redis():
    assert quoted('a"b\\c\n') == '"a\\x22b\\x5cc\\x0a"'


def test_a_request_is_signed_as_aws_says():
    from datetime import UTC, datetime  # noqa: PLC0415

    headers = signed("PUT", "h:1", "/b", "key", Secret("phrase"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert headers["x-amz-date"] == "20260102T030405Z"
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/20260102/us-east-1/s3/aws4_request, ")


def test_addresses_are_encoded_and_verified():
    from fairlead.project.stack import Service, ServiceSecret  # noqa: PLC0415

    store = Store("db", "postgres", databases=("shop",))
    stores = FakeStores()
    service = Service("web", access=(ServiceSecret("DB_SHOP_URL", "env", "DATABASE_URL"),))
    stack = Stack("shop", "local", services=(service,), stores=(store,))
    assert handed_over(stack, stores, {"DB_PASSWORD": ODD}) == {}  # it was never made
    stores.have(store, {})
    url = handed_over(stack, stores, {"DB_PASSWORD": ODD})["DB_SHOP_URL"].reveal()
    assert url.startswith("postgresql://shop:it%27s%20%22odd%22")
    assert url.endswith("@localhost:20000/shop?sslmode=verify-full&sslrootcert=/nowhere/root.pem")
    assert (
        by_socket("shop", Address("/a b", 1), Secret("p-1")).reveal()
        == "postgresql://shop:p-1@/shop?host=%2Fa%20b&port=1"
    )


def test_the_url_of_another_one_is_filled_in():
    from fairlead.project.stack import SecretSpec  # noqa: PLC0415

    stack = Stack("shop", "local", secrets=(SecretSpec("P"),), variables={"H": "db.example.com"})
    store = Store("db", "postgres", url="postgres://u:${P}@${H}/x")
    assert filled(stack, store, {}) is None
    assert filled(stack, store, {"P": Secret("a b")}).reveal() == store.url.replace("${P}", "a%20b").replace(
        "${H}", "db.example.com"
    )
