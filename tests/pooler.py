"""A real pgbouncer before a PostgreSQL of the tests: each transaction may have another session of the server."""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from fairlead.demo.sandbox import free_port
from fairlead.system.clock import wait_until
from fairlead.system.http import connects
from tests.postgres_server import PHRASE

ASKING = "auth_user = postgres\nauth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1\n"
INI = """\
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
server_idle_timeout = 1
logfile = {folder}/log
{more}"""


def program():
    """Its path, which may be where only root looks."""
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin") or "pgbouncer"


class Pooler:
    """`url(user, password, database)` leads through it."""

    def __init__(self, folder, port, process):
        self.folder, self.port, self.process = folder, port, process

    def url(self, database, user="postgres", password=PHRASE):
        return f"postgres://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def know(self, **users):
        """Its list of users; it reads that anew."""
        known = {"postgres": PHRASE} | users
        (self.folder / "users").write_text("".join(f'"{name}" "{phrase}"\n' for name, phrase in known.items()))
        if self.process:
            self.process.send_signal(signal.SIGHUP)


@contextmanager
def pooler(program, server, asks=True, more=""):
    """Gone at the end. `asks`: it asks the server who may come in; else it knows its own list alone."""
    folder, port = Path(tempfile.mkdtemp(prefix="fl-pooler-")), free_port()
    made = Pooler(folder, port, None)
    made.know()
    text = INI.format(server=server.port, port=port, folder=folder, more=(ASKING if asks else "") + more)
    (folder / "pgbouncer.ini").write_text(text)
    user = {}
    if os.geteuid() == 0:  # it refuses root, as PostgreSQL does
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "postgres", "postgres")
    with (folder / "said").open("wb") as said:
        how = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": said, "cwd": "/"}
        made.process = subprocess.Popen([program, str(folder / "pgbouncer.ini")], **how, **user)
    try:
        up = wait_until(lambda: made.process.poll() is not None or connects(port, 5.0).status == 200, 60)
        assert up and made.process.poll() is None, (folder / "said").read_text()
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        shutil.rmtree(folder)
