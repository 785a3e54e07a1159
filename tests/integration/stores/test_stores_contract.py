"""What stores promise, whatever runs them: real PostgreSQL, Redis and S3."""

import socket
import ssl
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from store_rig import ProcessRig, Refusal

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.operations.stores import ensure
from fairlead.operations.stores.changes import ChangeFailed
from fairlead.project.stack import Store
from fairlead.render.stores.tuning import tuned
from fairlead.stores.handover import handed_over
from fairlead.stores.kinds.s3 import user_of
from fairlead.stores.machine import machine_of
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

OTHER = "another"
DB = Store("db", "postgres", databases=("shop", "reports"), max_connections=20)


@pytest.fixture(scope="module")
def made(rig):
    """A PostgreSQL that tests share, and its password."""
    values = rig.values(DB)
    rig.have(DB, values)
    return values


def test_every_database_has_an_owner_who_is_not_the_superuser(rig, made):
    (row,) = rig.sql(DB, made, "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
    assert row == ("shop", False)
    rig.sql(DB, made, "CREATE TABLE orders (number int)")  # in `public`, as programs do


def test_one_database_is_closed_to_the_owner_of_another(rig, made):
    with pytest.raises(Refusal, match="permission denied for database"):
        rig.psql(DB, made, "SELECT 1", PGDATABASE="reports")


def test_the_server_is_known_by_the_project_s_own_authority(rig, made):
    assert rig.psql(DB, made, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t"
    with pytest.raises(Refusal, match="does not match host name"):
        rig.psql(DB, made, "SELECT 1", PGHOST="other.example.com", PGHOSTADDR=rig.hostaddr(DB))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"PGSSLMODE": "disable"}, "no encryption"),
        ({"PGPASSWORD": OTHER}, "password authentication failed"),
        ({"PGUSER": "postgres"}, "pg_hba.conf rejects connection"),
    ],
)
def test_without_tls_or_password_nobody_comes_in_and_the_superuser_never(rig, made, changed, said):
    with pytest.raises(Refusal, match=said):
        rig.psql(DB, made, "SELECT 1", **changed)


def test_no_password_is_where_others_of_the_machine_look(rig, made):
    assert made["DB_PASSWORD"].reveal() not in rig.shown("db")


def test_settings_are_in_force(rig, made):
    assert rig.sql(DB, made, "SHOW max_connections") == [("20",)]
    assert rig.sql(DB, made, "SHOW data_checksums") == [("on",)]
    contained = not isinstance(rig, ProcessRig)
    for one in tuned(DB, machine_of(None if contained else rig.place.root), contained):
        assert rig.sql(DB, made, f"SHOW {one.name}") == [(one.value,)]
    if contained:  # 64 MB of /dev/shm are soon full
        assert rig.sql(DB, made, "SHOW dynamic_shared_memory_type") == [("sysv",)]


def test_which_queries_run_is_known(rig, made):
    assert int(rig.psql(DB, made, "SELECT count(*) FROM pg_stat_statements", PGDATABASE="postgres")) > 0


@pytest.mark.long(seconds=25)
def test_a_query_that_runs_in_parallel_has_the_memory_it_needs(rig, made):
    """In a container it fails where shared memory is /dev/shm: "could not resize shared memory segment"."""
    rows = rig.sql(
        DB, made, "CREATE TABLE wide AS SELECT n, repeat('x', 60) || n AS t FROM generate_series(1, 1200000) n",
        "ANALYZE wide", "SET max_parallel_workers_per_gather = 2", "SET parallel_setup_cost = 0",
        "SET parallel_tuple_cost = 0", "SET min_parallel_table_scan_size = 0", "SET enable_mergejoin = off",
        "SET work_mem = '64MB'", "SET hash_mem_multiplier = 4", "SELECT count(*) FROM wide x JOIN wide y ON x.t = y.t",
    )  # fmt: skip
    assert rows == [(1200000,)]
    rig.sql(DB, made, "DROP TABLE wide")


def test_another_database_comes_without_a_restart(rig, made):
    before = rig.mark("db")
    wider = replace(DB, databases=("shop", "reports", "later"), extensions={"later": ("citext",)})
    rig.have(wider, made)
    assert rig.sql(wider, made, "SELECT 'A'::citext = 'a'", database="later") == [(True,)]
    assert rig.mark("db") == before


def test_another_password_counts_without_a_restart(rig, made):
    before, old = rig.mark("db"), made["DB_PASSWORD"]
    made["DB_PASSWORD"] = Secret('it\'s "another" 1')
    rig.have(DB, made)
    assert rig.sql(DB, made, "SELECT 1") == [(1,)]
    with pytest.raises(Refusal):
        rig.psql(DB, made, "SELECT 1", PGPASSWORD=old.reveal())
    assert rig.mark("db") == before


def test_data_outlives_a_kill_and_a_declaration_that_changed(rig, made):
    rig.sql(DB, made, "CREATE TABLE kept (a int)", "INSERT INTO kept VALUES (7)")
    before = rig.mark("db")
    rig.kill("db")
    assert wait_until(lambda: rig.mark("db") not in ("", before) and not rig.stores.ask("db"), 240)
    assert rig.sql(DB, made, "SELECT a FROM kept") == [(7,)]
    changed = replace(DB, max_connections=25)
    rig.have(changed, made)
    assert rig.sql(changed, made, "SHOW max_connections") == [("25",)]
    assert rig.sql(changed, made, "SELECT a FROM kept") == [(7,)]
    rig.have(DB, made)


def test_one_that_does_not_come_up_as_it_is_declared_now_is_what_it_was(rig, made, monkeypatch, tmp_path):
    rig.sql(DB, made, "CREATE TABLE spared (a int)", "INSERT INTO spared VALUES (7)")
    before = rig.identity("db")
    monkeypatch.setattr(ensure, "ENDS", 1)
    with monkeypatch.context() as patch, pytest.raises(ChangeFailed) as caught:
        rig.have(rig.broken(DB, patch, tmp_path), made)
    assert caught.value.exit_code == 1
    assert caught.value.message.startswith("store db is not well")
    assert "db was not made anew: it runs as before and is well" in caught.value.message
    assert rig.identity("db") == before
    assert rig.sql(DB, made, "SELECT a FROM spared") == [(7,)]
    assert rig.stores.changing() == ()
    assert not list((rig.place.stores / "db").rglob("*.before*"))
    mark = rig.mark("db")
    rig.have(DB, made)  # it is what the file says
    assert rig.mark("db") == mark


def test_it_has_no_port_that_others_of_the_network_reach(rig, made):
    found = {one.address for one in rig.stores.taken() if one.name == "db"}
    assert found <= {"127.0.0.1", "::1"}
    assert bool(found) is isinstance(rig, ProcessRig)
    assert rig.stores.differences("db") == ()


def test_data_of_another_major_is_found_before_it_is_touched(rig, made):
    assert rig.stores.unfit(replace(DB, max_connections=21)) == ""
    assert rig.of_another_major("db", "13").startswith("store db: its data is of PostgreSQL 13, which PostgreSQL ")


def test_redis_keeps_what_it_was_told_over_a_kill_and_takes_another_password(rig):
    store = Store("cache", "redis", maxmemory=32 << 20, maxmemory_policy="allkeys-lru")
    values = rig.values(store)
    rig.have(store, values)
    assert rig.redis(store, values, "SET", "kept", "7") == "OK"
    wanted = {"maxmemory": str(32 << 20), "maxmemory-policy": "allkeys-lru", "appendonly": "yes",
              "save": "3600 1 300 100 60 10000"}  # fmt: skip
    said = rig.redis(store, values, "CONFIG", "GET", *wanted).splitlines()
    assert dict(zip(said[::2], said[1::2], strict=True)) == wanted
    assert wait_until(lambda: "aof_pending_bio_fsync:0" in rig.redis(store, values, "INFO", "persistence"), 240)
    before = rig.mark("cache")
    rig.kill("cache")
    assert wait_until(lambda: rig.mark("cache") not in ("", before) and not rig.stores.ask("cache"), 240)
    assert rig.redis(store, values, "GET", "kept") == "7"
    assert rig.stores.differences("cache") == ()
    takes_another_password(rig, store, values)


def takes_another_password(rig, store, values):
    """Redis refuses whoever has not its own."""
    with pytest.raises(Refusal):
        rig.redis(store, rig.values(store), "PING")
    before = rig.mark(store.name)
    changed = rig.values(store)
    rig.have(store, changed)
    assert rig.redis(store, changed, "PING") == "PONG"
    with pytest.raises(Refusal):
        rig.redis(store, values, "PING")
    assert rig.mark(store.name) == before


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize(
    ("name", "how"), [("files", {}), ("sealed", {"encrypted": True, "tls": True})], ids=["plain", "encrypted"]
)
def test_s3_has_its_buckets_and_what_was_put_there(rig, name, how, tmp_path, monkeypatch):
    boto3 = pytest.importorskip("boto3")
    store, encrypted = Store(name, "s3", buckets=("uploads", "exports"), **how), "encrypted" in how
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")  # as services are told
    values = rig.values(store)
    rig.have(store, values)
    rig.have(store, values)  # buckets that are there stay
    secret = values[f"{store.name.upper()}_PASSWORD"]
    client = boto3.client(
        "s3", endpoint_url=rig.s3(store), aws_access_key_id=user_of(secret).reveal(),
        aws_secret_access_key=secret.reveal(), region_name="us-east-1", verify=verified(rig, store, tmp_path),
    )  # fmt: skip
    assert {one["Name"] for one in client.list_buckets()["Buckets"]} == {"uploads", "exports"}
    client.put_object(Bucket="uploads", Key="a/b.txt", Body=b"what nobody else reads")
    assert client.get_object(Bucket="uploads", Key="a/b.txt")["Body"].read() == b"what nobody else reads"
    assert rig.stores.differences(name) == ()
    if store.tls and isinstance(rig, ProcessRig):
        assert_backups_get_there(rig, store, secret, monkeypatch, tmp_path)
    if isinstance(rig, ProcessRig):  # what stands for MinIO in tests does not encrypt
        on_disk = [path.read_bytes() for path in rig.data(store).rglob("*") if path.is_file()]
        assert (b"what nobody else reads" in b"".join(on_disk)) is not encrypted


def assert_backups_get_there(rig, store, secret, monkeypatch, folder):
    """By https too, once its authority is among those that the machine trusts."""
    pytest.importorskip("obstore")
    from fairlead.backups.destinations.s3 import S3  # noqa: PLC0415

    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    there = S3("exports", "shop", rig.s3(store), "us-east-1", user_of(secret), secret)
    with there.writing("one/part") as write:
        write(b"sealed")
    assert [one.name for one in there.items("")] == ["one/part"]


def verified(rig, store, folder):
    """What a client is told of the certificate. Containers know each other by names, which this machine does not, so
    here it is held against the name."""
    if not store.tls:
        return None
    (folder / "ca.pem").write_text(rig.stores.authority_pem())
    if isinstance(rig, ProcessRig):
        return str(folder / "ca.pem")
    where = urlsplit(rig.s3(store))
    trust = ssl.create_default_context(cafile=folder / "ca.pem")
    with socket.create_connection((where.hostname, where.port)) as plain:
        trust.wrap_socket(plain, server_hostname=store.name).close()
    return False


def test_all_that_services_are_told_is_known_once_a_store_was_made(rig, made):
    from fairlead.project.stack import Service, ServiceSecret, Stack  # noqa: PLC0415

    told = tuple(ServiceSecret(name) for name in ("DB_SHOP_URL", "DB_REPORTS_URL", "DB_CA"))
    stack = Stack(rig.place.project, "local", services=(Service("web", access=told),), stores=(DB,))
    found = handed_over(stack, rig.stores, made)
    assert set(found) == {one.name for one in told}
    assert found["DB_CA"].reveal().startswith("-----BEGIN CERTIFICATE")


@pytest.mark.long(seconds=12)
def test_one_that_cannot_start_says_why(rig):
    from fairlead.project.stack import Health  # noqa: PLC0415

    store = Store("broken", "postgres", databases=("x",), max_connections=1, health=Health(deadline=2, interval=0.1))
    with pytest.raises(FairleadError, match="store broken is not well"):
        rig.have(store, rig.values(store))
    assert "max_connections" in rig.stores.log_tail("broken", 50) or "superuser_reserved" in rig.stores.log_tail(
        "broken", 50
    )
    rig.stores.stop(["broken"])
    assert "missing" in {one.what for one in rig.stores.differences("broken")}
    rig.stores.remove("broken")
    assert "broken" not in [one.name for one in rig.stores.observe()]
