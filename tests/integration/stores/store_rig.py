"""What the contract of stores asks of a back end, and how a test reaches what it runs."""

import os
import signal
import uuid
from dataclasses import dataclass

import psycopg
import pytest
import redis

from fairlead.masking import Secret
from fairlead.operations.stores.ensure import carry
from fairlead.project.access import encryption_name, password_name
from fairlead.stores import programs
from fairlead.stores.handover import by_socket
from fairlead.stores.kinds.postgres import role_of
from fairlead.stores.plan import store_steps
from fairlead.stores.process import ProcessStores
from fairlead.supervisor.survivors import last_started
from fairlead.system.home import Place


def phrase():
    """Another one each time."""
    return Secret(f"phrase-{uuid.uuid4().hex}")


@dataclass
class ProcessRig:
    """Programs of this machine."""

    place: Place
    stores: ProcessStores

    @classmethod
    def make(cls, _):
        """In a project of its own."""
        missing = programs.missing(["postgres", "redis-server", "rclone"])
        if missing:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{', '.join(missing)} is missing")
        place = Place.of(f"t{uuid.uuid4().hex[:8]}", "local")
        place.create()
        return cls(place, ProcessStores(place))

    def close(self):
        """End everything."""
        self.stores.stop([one.name for one in self.stores.observe()])
        self.stores.supervisor.shutdown(20)

    def values(self, *stores):
        """A password for each."""
        names = [password_name(one.name) for one in stores] + [encryption_name(one.name) for one in stores]
        return {name: phrase() for name in names}

    def have(self, store, values):
        """As a deployment would."""
        steps = store_steps([store], [one for one in self.stores.observe() if one.name == store.name])
        carry(self.stores, (store,), steps, values, lambda *_: None)

    def kill(self, name):
        """All at once, as a machine that loses power would; it is started again by whoever looks after it."""
        process = last_started(self.place.stores / name / "starts")
        os.kill(process.pid, signal.SIGKILL)
        return process

    def mark(self, name):
        """Another one after each start."""
        return next(one.mark for one in self.stores.observe() if one.name == name)

    def sql(self, store, values, *statements, database=None):
        """Rows of the last one, over the socket."""
        name = database or store.databases[0]
        url = by_socket(name, self.stores.socket(store), values[password_name(store.name)])
        with psycopg.connect(url.reveal(), autocommit=True) as connection:
            for one in statements[:-1]:
                connection.execute(one)
            cursor = connection.execute(statements[-1])
            return cursor.fetchall() if cursor.description else []

    def over_network(self, store, values, mode="verify-full", **changed):
        """A connection as a service has it; the error of the server when it refuses."""
        where = self.stores.address(store)
        given = {
            "host": where.host, "port": where.port, "dbname": store.databases[0], "user": role_of(store.databases[0]),
            "password": values[password_name(store.name)].reveal(), "sslmode": mode, "connect_timeout": 5,
            "sslrootcert": self.stores.authority(store),
        }  # fmt: skip
        return psycopg.connect(**(given | changed), autocommit=True)

    def redis(self, store, values):
        """A client of it."""
        where, password = self.stores.address(store), values[password_name(store.name)].reveal()
        return redis.Redis(where.host, where.port, password=password, socket_timeout=5, retry=None)

    def data(self, store):
        """The folder of what it keeps."""
        return self.stores._folder(store).data

    def found_on_disk(self, store, text):
        """Whether it stands there for anybody to read."""
        return any(text in path.read_bytes() for path in self.data(store).rglob("*") if path.is_file())
