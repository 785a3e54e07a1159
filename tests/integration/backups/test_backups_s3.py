"""Backups in a real S3 server: `rclone serve s3`, and what it says to whom it does not know."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from running import free_port

from fairlead.backups.destinations.base import Gone, Unreachable, get, put
from fairlead.backups.destinations.s3 import S3
from fairlead.backups.destinations.table import Target
from fairlead.backups.engines.pgbackrest.config import Cluster, Place
from fairlead.backups.engines.pgbackrest.program import Tool, prepared
from fairlead.masking import Secret
from fairlead.system import sockets
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
USER, PHRASE = "FLBACKUPS", "a-phrase-of-some-length"


@pytest.fixture(scope="module")
def endpoint():
    rclone, port = Path(sys.executable).with_name("rclone"), free_port()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "kept").mkdir()
        argv = [rclone, "serve", "s3", "--config", "", "--vfs-cache-mode", "off", "--addr", f"127.0.0.1:{port}",
                "--auth-key", f"{USER},{PHRASE}", folder]  # fmt: skip
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert wait_until(lambda: child.poll() is not None or not sockets.bindable(port), 60)
            yield f"http://127.0.0.1:{port}"
        finally:
            child.kill()
            child.wait()


def bucket(endpoint, phrase=PHRASE, prefix="a/b"):
    return S3("kept", prefix, endpoint, "us-east-1", Secret(USER), Secret(phrase))


def test_there_and_back_listed_and_gone(endpoint):
    where = bucket(endpoint)
    put(where, "shop/x.json", b"{}")
    with where.writing("shop/large.age") as write:  # several parts
        for _ in range(25):
            write(b"z" * 1_000_000)
    assert [(one.name, one.size) for one in where.items("shop")] == [("shop/large.age", 25_000_000), ("shop/x.json", 2)]
    with where.reading("shop/large.age") as pieces:
        assert sum(map(len, pieces)) == 25_000_000
    assert get(where, "shop/x.json") == b"{}"
    for name in ("shop/large.age", "shop/x.json", "shop/x.json"):
        where.delete(name)
    assert where.items("shop") == ()
    with pytest.raises(Gone, match=r"s3://kept/a/b has no shop/x.json"):
        get(where, "shop/x.json")


def test_what_fails_while_it_is_written_is_not_there(endpoint):
    where = bucket(endpoint, prefix="c")
    with pytest.raises(RuntimeError), where.writing("half") as write:
        write(b"z" * 20_000_000)
        raise RuntimeError
    assert where.items("") == ()


def test_who_is_not_known_is_told_so_without_the_secret(endpoint):
    with pytest.raises(Unreachable) as caught:
        put(bucket(endpoint, "another-phrase-than-that"), "x", b"x")
    assert "cannot be written to" in caught.value.message
    assert "another-phrase" not in str(caught.value)
    assert "\n" not in caught.value.message


def test_nobody_there(endpoint):
    with pytest.raises(Unreachable, match="cannot be read"):
        get(bucket(f"http://127.0.0.1:{free_port()}"), "x")


MAKE = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")  # fmt: skip


@pytest.mark.long(seconds=8)
def test_to_pgbackrest_a_bucket_that_is_away_is_not_damaged(tmp_path, need):
    """It is asked while the server runs, and once that is gone."""
    program, _, port = need("pgbackrest"), need("openssl"), free_port()
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run((*MAKE, "-keyout", key, "-out", cert), check=True, capture_output=True)
    (tmp_path / "files" / "kept").mkdir(parents=True)
    argv = [Path(sys.executable).with_name("rclone"), "serve", "s3", "--config", "", "--vfs-cache-mode", "off",
            "--addr", f"127.0.0.1:{port}", "--auth-key", f"{USER},{PHRASE}", "--cert", cert, "--key", key,
            tmp_path / "files"]  # fmt: skip
    target = Target("s3://kept", f"https://localhost:{port}", "us-east-1", Secret(USER), Secret(PHRASE), str(cert))
    place = Place(target, "shop/local/db/repository", Secret("a-phrase-of-another"))
    tool = prepared(Tool(program, tmp_path / "own", "77"), place, Cluster("77", tmp_path / "data"))
    tool.config.write_text(tool.config.read_text().replace("[global]\n", "[global]\nio-timeout=1\n"))  # of 60 s
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: child.poll() is not None or not sockets.bindable(port), 60)
        assert tool.info()["backup"] == []
    finally:
        child.kill()
        child.wait()
    with pytest.raises(Unreachable, match=r"the repository cannot be reached: \[HostConnectError\] unable to connect"):
        tool.info()
