"""A whole round with backups in a real S3 server, whose keys are secrets of the environment."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fairlead.demo.sandbox import free_port
from fairlead.system import sockets
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
USER, PHRASE = "FLBACKUPS", "a-phrase-of-some-length"
KEYS = "secrets: {BACKUP_ACCESS_KEY: {}, BACKUP_SECRET_KEY: {}}"
MORE = "endpoint: http://127.0.0.1:{port}\n      access_key: BACKUP_ACCESS_KEY\n      secret_key: BACKUP_SECRET_KEY"


@pytest.fixture
def port():
    rclone, port = Path(sys.executable).with_name("rclone"), free_port()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "kept").mkdir()
        argv = [rclone, "serve", "s3", "--config", "", "--vfs-cache-mode", "off", "--addr", f"127.0.0.1:{port}",
                "--auth-key", f"{USER},{PHRASE}", folder]  # fmt: skip
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert wait_until(lambda: child.poll() is not None or not sockets.bindable(port), 60)
            yield port
        finally:
            child.kill()
            child.wait()


def test_a_round(site, port):
    site.write(to="s3://kept/prefix", more=MORE.format(port=port), secrets=KEYS)
    assert "no value for BACKUP_ACCESS_KEY, BACKUP_SECRET_KEY" in site.run("backup", "list", "local", code=3)
    site.run("secrets", "set", "local", "BACKUP_ACCESS_KEY", stdin=USER.encode())
    site.run("secrets", "set", "local", "BACKUP_SECRET_KEY", stdin=PHRASE.encode())
    said = site.run("backup", "now", "local")
    said += site.run("backup", "verify", "local")
    site.sql("DELETE FROM orders WHERE id > 490")
    said += site.run("db", "restore", "local", "db", "--database", "shop", "--yes")
    assert site.sql("SELECT count(*) FROM orders") == [(500,)]
    assert "s3://kept/prefix" in said
    assert PHRASE not in said
    site.run("backup", "prune", "local", "--old-databases", "--yes")
    assert len(site.ids()) == 1
