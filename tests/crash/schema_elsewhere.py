"""The same arena, with its PostgreSQL in a container of Fairlead's, and with one that somebody else runs."""

import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from fairlead.demo.sandbox import free_port
from fairlead.operations.db.chosen import chosen
from fairlead.project.loader import load_project
from fairlead.system.clock import wait_until
from tests.crash.schema_arena import SchemaArena
from tests.docker_engine import DockerEngine, images, unique
from tests.postgres_server import kill_all, programs, run

NO_DISK = ("fsync=off", "full_page_writes=off")  #: no power is cut here: what a killed server wrote is there


class ContainerArena(SchemaArena):
    """All of it on Docker. A server that was killed is started again by the engine."""

    stores = frozenset()
    serving = "python3 serving.py 0.0.0.0 ${PORT}"

    def __init__(self):
        self.reached, self.store = "", f'image: "{images()["postgres"]}",'
        super().__init__(unique("schema"), "docker")

    def session(self):
        """Over the socket, as Fairlead's own migrators."""
        if not self.reached:
            project = load_project(self.root / "fairlead.yaml")
            (database,) = chosen(project.stack("local"), project.root)
            self.reached = make_conninfo(**database.where.parameters)
        return psycopg.connect(self.reached, autocommit=True)

    def target(self):
        self.session().close()
        return {"SERVER": self.reached, "CONTAINER": f"{self.name}-local-db"}

    def close(self):
        """And the volumes of its store, which nobody else removes."""
        try:
            super().close()
        finally:
            DockerEngine().remove(self.name)


class Foreign:
    """A PostgreSQL of somebody who has it started again whenever it ends. `shop` owns a database, and no more."""

    def __init__(self):
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="fl-foreign-")), free_port()
        self.data = self.folder / "data"
        self._over, self._thread = threading.Event(), threading.Thread(target=self._look_after)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        run(programs() / "initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
            "--no-instructions")  # fmt: skip
        self._thread.start()
        assert wait_until(self._prepared, 240, 0.1)

    def _look_after(self):
        """It is our child, so that nobody takes one that ended for one that runs."""
        named = (*NO_DISK, f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}")
        argv = [str(programs() / "postgres"), "-D", str(self.data), *(word for one in named for word in ("-c", one))]
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        while not self._over.is_set():
            with (self.folder / "log").open("ab") as log:
                env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
                how = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": "/", "env": env}
                subprocess.Popen(argv, **how, **user).wait()
            self._over.wait(0.2)

    def _prepared(self):
        try:
            with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
                connection.execute("CREATE ROLE shop LOGIN")
                connection.execute("CREATE DATABASE shop OWNER shop TEMPLATE template0")
                return True
        except psycopg.OperationalError:
            return False

    def url(self, user="shop", database="shop"):
        """It trusts who is on this machine."""
        return f"postgres://{user}@127.0.0.1:{self.port}/{database}"

    def close(self):
        """Ended, and gone."""
        self._over.set()
        if self._thread.is_alive():
            kill_all(self.data)
        self._thread.join()
        shutil.rmtree(self.folder)


class ForeignArena(SchemaArena):
    """Processes of Fairlead's, and a `url` of a server that it did not start."""

    stores = frozenset()

    def __init__(self, server):
        self.server = server
        self.store = f'url: "{server.url()}",'
        super().__init__()

    def session(self):
        """Over the network."""
        return psycopg.connect(self.server.url(), autocommit=True)

    def target(self):
        return {"SERVER": self.server.url(), "DATA": str(self.server.data)}
