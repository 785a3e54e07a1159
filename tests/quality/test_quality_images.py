"""The images of tests/images start and do what those they stand for do, and scripts/docker makes nothing twice."""

import socket
import struct
import subprocess

import boto3
import httpx
import psycopg
import pytest
import redis
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from repository import ROOT
from tests.docker_engine import images

from fairlead.system.clock import wait_until


@pytest.fixture
def output(docker_engine):
    """What a container prints that ends by itself."""
    return lambda image, *words: docker_engine("run", "--rm", images()[image], *words).stdout


def test_what_is_there_is_not_made_again(docker_engine):
    before = docker_engine.lines("image", "inspect", *images().values(), "--format", "{{.Id}}")
    done = subprocess.run([ROOT / "scripts" / "docker"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert docker_engine.lines("image", "inspect", *images().values(), "--format", "{{.Id}}") == before


def test_debian_is_debian(output):
    assert output("debian", "cat", "/etc/debian_version").startswith("12.")


def test_tiny_has_a_shell_and_no_root(output):
    assert output("tiny", "sh", "-c", "echo $(busybox id -u)") == "65534\n"


@pytest.mark.parametrize("words", [["version"], ["traefik", "version"]])
def test_traefik_is_started_as_in_the_official_image(output, words):
    version = images()["traefik"].partition(":v")[2]
    assert f"Version:      {version}." in output("traefik", *words)


def test_traefik_has_a_userland(output):
    assert output("traefik", "sh", "-c", "sleep 0 && echo slept") == "slept\n"


@pytest.mark.parametrize(("image", "user"), [("app", "10001"), ("root", "0")])
def test_applications_run_as_declared(output, image, user):
    words = ["python", "-c", "import asgi, wsgi, tokens, os, psycopg; print(os.getuid())"]
    assert output(image, *words) == f"{user}\n"


@pytest.fixture
def started(docker_engine, docker_project):
    """`started("redis", "-e", "A=b")`: (name, address) of a container of it, without its port on the host."""
    names = []

    def started(image, *options, words=()):
        names.append(f"{docker_project}-{image}-{len(names)}")
        docker_engine("run", "--detach", "--name", names[-1], *options, images()[image], *words)
        return names[-1], docker_engine.inspect(names[-1])["NetworkSettings"]["IPAddress"]

    return started


def answered(ask, *errors):
    """What it returns, as soon as it does."""
    found = []

    def asked():
        try:
            found.append(ask())
        except (*errors, OSError):
            return False
        return True

    assert wait_until(asked, 120)
    return found[-1]


@pytest.mark.parametrize("image", [pytest.param("postgres", marks=pytest.mark.long), "postgis"])
def test_postgres_makes_what_it_is_told(started, tmp_path, image):
    phrase = "x'9\"$ -K"
    secret, script = tmp_path / "password", tmp_path / "more.sql"
    secret.write_text(phrase)
    script.write_text("CREATE TABLE made (id int);")
    _, address = started(
        image, "-e", "POSTGRES_USER=shop", "-e", "POSTGRES_DB=orders", "-e", "POSTGRES_PASSWORD_FILE=/run/secrets/p",
        "-v", f"{secret}:/run/secrets/p:ro", "-v", f"{script}:/docker-entrypoint-initdb.d/more.sql:ro",
        words=["-c", "max_connections=33", "-c", "cluster_name=a b"],
    )  # fmt: skip
    url = {"host": address, "user": "shop", "dbname": "orders", "password": phrase, "connect_timeout": 5}
    with answered(lambda: psycopg.connect(**url), psycopg.Error) as connection:
        asked = "SELECT current_setting('max_connections'), current_setting('cluster_name'), count(*) FROM made"
        assert connection.execute(asked).fetchone() == ("33", "a b", 0)
        if image == "postgis":
            assert connection.execute("SELECT postgis_version()").fetchone()[0].startswith("3.")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**(url | {"password": phrase[1:]}))


def test_postgres_keeps_its_data_and_takes_a_user(started, docker_engine, docker_project):
    volume = ["-v", f"{docker_project}-data:/var/lib/postgresql/data", "-e", "POSTGRES_PASSWORD=one", "-u", "postgres"]
    name, address = started("postgres", *volume)
    login = {"user": "postgres", "password": "one", "connect_timeout": 5}
    with answered(lambda: psycopg.connect(host=address, autocommit=True, **login), psycopg.Error) as connection:
        connection.execute("CREATE DATABASE kept")
    docker_engine("stop", name)
    assert docker_engine.inspect(name)["State"]["ExitCode"] == 0
    _, address = started("postgres", *volume, "-e", "POSTGRES_PASSWORD=ignored")
    answered(lambda: psycopg.connect(host=address, dbname="kept", **login), psycopg.Error).close()


def test_pgbackrest_is_beside_postgres(output):
    tools = output("pgbackrest", "sh", "-c", "pgbackrest version && pg_controldata --version").splitlines()
    assert tools[0].startswith("pgBackRest ") and tools[1].startswith("pg_controldata (PostgreSQL) ")


def test_postgres_wants_a_password(docker_engine):
    done = docker_engine("run", "--rm", images()["postgres"], check=False)
    assert (done.returncode, "superuser password is not specified" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "words", [[], ["--appendonly", "yes"], pytest.param(["redis-server", "--save", ""], marks=pytest.mark.long)]
)
def test_redis_answers(started, docker_engine, words):
    name, address = started("redis", words=words)
    assert answered(lambda: redis.Redis(address).ping(), redis.RedisError)
    assert docker_engine("top", name, "-eo", "pid,uid").stdout.split()[3] == "999"
    docker_engine("stop", name)
    assert docker_engine.inspect(name)["State"]["ExitCode"] == 0


def test_s3_keeps_an_object_for_who_has_the_key(started):
    _, address = started("s3", "-e", "MINIO_ROOT_USER=shop", "-e", "MINIO_ROOT_PASSWORD=pa\"ss w'ord")

    def client(key):
        return boto3.client(
            "s3", endpoint_url=f"http://{address}:9000", aws_access_key_id="shop", aws_secret_access_key=key,
            region_name="us-east-1", config=Config(retries={"max_attempts": 1}, connect_timeout=5),
        )  # fmt: skip

    one = client("pa\"ss w'ord")
    answered(lambda: one.create_bucket(Bucket="files"), BotoCoreError)
    one.put_object(Bucket="files", Key="a/b", Body=b"content")
    assert one.get_object(Bucket="files", Key="a/b")["Body"].read() == b"content"
    with pytest.raises(ClientError):
        client("wrong").list_buckets()


def test_clamd_finds_the_test_file(started, docker_engine):
    name, address = started("clamav")

    def scanned(content):
        with socket.create_connection((address, 3310), 5) as connection:
            connection.sendall(b"zINSTREAM\0" + struct.pack(">I", len(content)) + content + struct.pack(">I", 0))
            return connection.recv(1000)

    assert answered(lambda: scanned(b"harmless")) == b"stream: OK\0"
    # in two parts, so that no scanner takes this file for it
    eicar = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    assert scanned(eicar) == b"stream: Eicar-Test-Signature.UNOFFICIAL FOUND\0"
    assert docker_engine("exec", name, "clamdcheck.sh").stdout == "Clamd is up\n"


def test_the_registry_keeps_an_image(started, docker_engine, docker_project):
    """By a port of the loopback: the engine takes no other registry without TLS."""
    name, address = started("registry", "-p", "127.0.0.1::5000")
    answered(lambda: httpx.get(f"http://{address}:5000/v2/").raise_for_status(), httpx.HTTPError)
    port = docker_engine("port", name, "5000").stdout.strip()
    tag = f"{port}/{docker_project}:one"
    docker_engine("tag", images()["tiny"], tag)
    docker_engine("push", tag)
    assert httpx.get(f"http://{address}:5000/v2/_catalog").json() == {"repositories": [docker_project]}


def test_node_and_npm_run(output, need):
    need("node")
    major = images()["node"].partition(":")[2].partition("-")[0]
    node, npm = output("node", "sh", "-c", "node --version && npm --version").splitlines()
    assert node.startswith(f"v{major}.") and npm
