"""Copies of data files and their log in a real S3 server, by https with a certificate of an authority of one's own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from backup_site import Site
from physical_contract import PHYSICAL, moment

from fairlead.demo.sandbox import free_port
from fairlead.stores.programs import missing
from fairlead.system import sockets
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
USER, PHRASE = "FLBACKUPS", "a-phrase-of-some-length"
KEYS = "secrets: {BACKUP_ACCESS_KEY: {}, BACKUP_SECRET_KEY: {}}"
MORE = (
    "endpoint: https://localhost:{port}\n      access_key: BACKUP_ACCESS_KEY\n      secret_key: BACKUP_SECRET_KEY\n"
    "      ca: {ca}\n      {physical}"
)
MAKE = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
NAMES = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")


@pytest.fixture(scope="module")
def server(need):
    """Its port, and the file of its authority, which whoever runs PostgreSQL can read."""
    need("openssl")
    with tempfile.TemporaryDirectory(prefix="fl-s3-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        ca = folder / "ca.pem"
        signed = ("-CA", ca, "-CAkey", folder / "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")
        for words in (
            (*MAKE, "-subj", "/CN=authority", "-keyout", folder / "ca.key", "-out", ca),
            (*MAKE, *NAMES, *signed, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"),
        ):
            subprocess.run(words, check=True, capture_output=True)
        ca.chmod(0o644)
        (folder / "files" / "kept").mkdir(parents=True)
        rclone, port = Path(sys.executable).with_name("rclone"), free_port()
        argv = [rclone, "serve", "s3", "--config", "", "--vfs-cache-mode", "off", "--addr", f"127.0.0.1:{port}",
                "--auth-key", f"{USER},{PHRASE}", "--cert", folder / "cert.pem", "--key", folder / "key.pem",
                folder / "files"]  # fmt: skip
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert wait_until(lambda: child.poll() is not None or not sockets.bindable(port), 60)
            yield port, ca, folder / "files" / "kept"
        finally:
            child.kill()
            child.wait()


@pytest.mark.parametrize("engine", [pytest.param("builtin", marks=pytest.mark.long(seconds=30)), "pgbackrest"])
def test_a_round(server, engine):
    port, ca, kept = server
    if missing(["postgres", "pg_basebackup", *(["pgbackrest"] if engine == "pgbackrest" else [])]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("a program is missing")
    site = Site()
    try:
        site.write(
            to=f"s3://kept/{engine}", more=MORE.format(port=port, ca=ca, physical=PHYSICAL[engine]), secrets=KEYS
        )
        site.run("secrets", "init", "local")
        site.run("secrets", "set", "local", "BACKUP_ACCESS_KEY", stdin=USER.encode())
        site.run("secrets", "set", "local", "BACKUP_SECRET_KEY", stdin=PHRASE.encode())
        said = site.run("stores", "apply", "local", "--yes")
        site.sql("CREATE TABLE orders AS SELECT 1 AS n")
        said += site.run("backup", "now", "local", "--physical")
        site.sql("INSERT INTO orders SELECT 2")
        moment(site)
        (drill,) = site.json("db", "drill", "local")["drills"]
        assert drill["ok"], drill
        assert any(kept.rglob("00000001.json"))  # how far the log goes is there too
        assert PHRASE not in said + str(drill)
    finally:
        site.close()
