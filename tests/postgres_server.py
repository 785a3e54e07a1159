"""A real PostgreSQL of our own on a free port of this machine, for as long as the tests run."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from fairlead.demo.sandbox import free_port
from tests.initdb import programs

SETTINGS = "fsync=off synchronous_commit=off full_page_writes=off max_connections=40 shared_buffers=16MB".split()
PHRASE = "x9-Kp_27qLw"
MIGRATORS = "FROM pg_stat_activity WHERE starts_with(application_name, 'fairlead migrate')"


class Server:
    """A running one. `url(name)` is that of a database, `new()` makes one of its own for a test."""

    def __init__(self, folder, port, bin, address="127.0.0.1"):
        self.folder, self.port, self.bin, self.names, self.address = folder, port, bin, [], address
        self.options = ""  #: that it was started with

    def url(self, name="postgres"):
        return f"postgres://postgres:{PHRASE}@{self.address}:{self.port}/{name}"

    def connect(self, database="postgres"):
        """Over the socket, from wherever we are in the network."""
        where = {"host": str(self.folder), "port": self.port, "user": "postgres"}
        return psycopg.connect(**where, dbname=database, autocommit=True)

    def new(self, label="db"):
        self.names.append(f"{re.sub('[^a-z]', '_', label.lower())[:40]}_{len(self.names)}")
        name = self.names[-1]
        with self.connect() as connection:
            # through the log, as a server of 15 does it unless told otherwise, it takes twice the time
            how = " STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0{how}")
        return name

    def drop_since(self, number):
        """Those made after that many were: they take 7 MB each."""
        with self.connect() as connection:
            for name in self.names[number:]:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def kill(self):
        """All of its processes at once, as a machine that stops does."""
        kill_all(self.folder / "data")

    def start(self):
        """As it was started."""
        self.control("start", "-o", self.options)

    def control(self, *words):
        """What pg_ctl starts would keep our pipe open, so its log is a file."""
        return run(self.bin / "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), *words)


def kill_all(data):
    """SIGKILL to a server and all that belongs to it, found by its data."""
    first = (data / "postmaster.pid").read_text().split()[0]
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    for pid in map(int, (first, *children)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def superuser(data, database="postgres", **more):
    """A connection over the socket beside the data, as a PostgreSQL of Fairlead's has it."""
    port = int((data / "postmaster.pid").read_text().splitlines()[3])
    return psycopg.connect(host=str(data), port=port, user="postgres", dbname=database, autocommit=True, **more)


def run(program, *words):
    """As a user that PostgreSQL accepts: it refuses root."""
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [str(program), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, cwd="/", env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}, **user,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@contextmanager
def server(address="127.0.0.1", more=(), rules=(), bin=None):
    """Made, started, and gone at the end. Trusts everybody who reaches the address, but for who is in `rules` of
    pg_hba.conf. `more` settings than the usual. `bin`: the folder of its programs, where it is another one than this
    machine's.
    """
    bin = bin or programs()
    folder = Path(tempfile.mkdtemp(prefix="fl-pg-"))
    port = free_port()
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        run(bin / "initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
            "--no-instructions")  # fmt: skip
        options = " ".join(f"-c {one}" for one in [*SETTINGS, *more, f"port={port}", f"listen_addresses={address}",
                                                   f"unix_socket_directories={folder}"])  # fmt: skip
        file = folder / "data" / "pg_hba.conf"
        file.write_text("\n".join((*rules, file.read_text(), "host all all samenet trust", "")))
        one = Server(folder, port, bin, address)
        one.options = options
        one.start()
        try:
            yield one
        finally:
            if (folder / "data").exists():
                one.control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
