"""What services are told of the stores that they use, by which names."""

from pathlib import Path

import pytest
from project_files import small

from fairlead.errors import ConfigurationError
from fairlead.project.project import parse_project

STORES = """
stores:
  db: {kind: postgres, databases: {shop: {}, reports: {}}}
  cache: {kind: redis}
  files: {kind: s3, buckets: [uploads]}
  other: {kind: redis, url: "redis://cache.example.com"}
  scanner: {kind: container, image: x, port: 3310}
"""


def service(uses, more="", stores=STORES):
    text = small(f"    uses: {uses}\n{more}", top=stores.lstrip("\n"))
    return parse_project(text, Path("/nowhere")).outline("local").service("web")


def told(uses, more="", stores=STORES):
    return {one.variable: one.name for one in service(uses, more, stores).access}


@pytest.mark.parametrize(
    ("uses", "variables"),
    [
        ("[db.shop]", {"DATABASE_URL": "DB_SHOP_URL", "DB_CA_FILE": "DB_CA"}),
        ("[db]", {"DB_SHOP_URL": "DB_SHOP_URL", "DB_REPORTS_URL": "DB_REPORTS_URL", "DB_CA_FILE": "DB_CA"}),
        ("[cache]", {"REDIS_URL": "CACHE_URL"}),
        ("[cache, other]", {"CACHE_URL": "CACHE_URL", "OTHER_URL": "OTHER_URL"}),
        ("[other]", {"REDIS_URL": "OTHER_URL"}),
        (
            "[files]",
            {"S3_URL": "FILES_URL", "S3_ACCESS_KEY": "FILES_ACCESS_KEY", "S3_SECRET_KEY": "FILES_PASSWORD"},
        ),
        ("[scanner]", {"SCANNER_URL": "SCANNER_URL"}),
        ("[{store: cache, key: QUEUE_URL}]", {"QUEUE_URL": "CACHE_URL"}),
        ("[{store: cache, as: file}]", {"REDIS_URL_FILE": "CACHE_URL"}),
    ],
)
def test_names(uses, variables):
    assert told(uses) == variables


def test_what_the_service_says_itself_wins():
    assert told("[db.shop]", "    env: {DATABASE_URL: x}\n") == {"DB_CA_FILE": "DB_CA"}


def test_the_only_bucket_is_no_secret():
    assert service("[files]").env["S3_BUCKET"] == "uploads"


OVER_TLS = "stores: {kept: {kind: s3, tls: true}, files: {kind: s3}}\n"
BUNDLE = {"AWS_CA_BUNDLE": "${SECRETS}/KEPT_AUTHORITIES", "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}


def test_an_s3_by_https_is_known_by_its_certificate():
    one = service("[kept]", stores=OVER_TLS)
    logins = {"S3_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY"}
    assert {each.variable for each in one.access} == logins | {"KEPT_CA_FILE", "KEPT_AUTHORITIES_FILE"}
    assert one.env == BUNDLE
    assert service("[kept]", "    env: {AWS_CA_BUNDLE: x}\n", OVER_TLS).env["AWS_CA_BUNDLE"] == "x"


def test_one_that_uses_another_s3_too_trusts_the_public_authorities_beside():
    assert service("[kept, files]", stores=OVER_TLS).env == BUNDLE
    assert service("[files]", stores=OVER_TLS).env == {}


def test_passwords_are_declared_by_themselves_and_never_twice():
    text = small(top=STORES.lstrip("\n") + "secrets: {DB_PASSWORD: {generate: {kind: hex, length: 64}}}\n")
    specs = {one.name: one for one in parse_project(text, Path("/nowhere")).outline("local").secrets}
    assert set(specs) == {"DB_PASSWORD", "CACHE_PASSWORD", "FILES_PASSWORD"}
    assert specs["DB_PASSWORD"].generate.kind == "hex"


def test_a_store_with_a_command_of_its_own_is_run_as_it_is():
    stores = "stores: {cache: {kind: redis, command: redis-server}}\n"
    assert told("[cache]", stores=stores) == {}


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ("stores: {a: {kind: redis, buckets: [uploads]}}\n", "buckets is of stores of kind s3, and this one is redis"),
        ("stores: {a: {kind: redis, tls: true}}\n", "tls is of stores of kind s3, and this one is redis"),
        ("stores: {a: {kind: container}}\n", "a container needs an image, or a preset"),
        (
            "stores: {a: {kind: redis, queue: true, maxmemory_policy: allkeys-lru}}\n",
            "a queue must not drop jobs, and allkeys-lru does when memory is full; use noeviction",
        ),
        (
            "stores: {db: {kind: postgres}}\nsecrets: {DB_URL: {}}\n",
            'services get this of store "db"; call the secret something else',
        ),
        (
            "stores: {kept: {kind: s3, tls: true}}\nsecrets: {KEPT_AUTHORITIES: {}}\n",
            'services get this of store "kept"; call the secret something else',
        ),
    ],
)
def test_what_does_not_fit_is_said(top, said):
    with pytest.raises(ConfigurationError) as caught:
        parse_project(small(top=top), Path("/nowhere"))
    assert said in str(caught.value.findings)
