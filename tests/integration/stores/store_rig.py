"""What the contract of stores asks of a back end, and how a test reaches what it runs."""

import json
import os
import signal
import subprocess
import tempfile
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from tests.docker_engine import images, why_not

from fairlead.engine.engine import Engine
from fairlead.engine.networks import remove_networks
from fairlead.masking import Secret
from fairlead.operations.stores.ensure import carry
from fairlead.project.access import encryption_name, password_name
from fairlead.project.stack import Resources, Store
from fairlead.render.container import Mount
from fairlead.render.stores.postgres import KEEPS, role_of
from fairlead.stores import majors, programs
from fairlead.stores.docker import DockerStores
from fairlead.stores.handover import by_socket
from fairlead.stores.plan import store_steps
from fairlead.stores.process import ProcessStores
from fairlead.supervisor.survivors import last_started
from fairlead.system.home import Place


def phrase():
    """Another one each time."""
    return Secret(f"phrase-{uuid.uuid4().hex}")


class Refusal(Exception):
    """What a server says to whom it does not let in."""


def read(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def absent(why):
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


def place_of():
    """A project of its own."""
    place = Place.of(f"t{uuid.uuid4().hex[:8]}", "local")
    place.create()
    return place


@dataclass
class Rig:
    """What both have in common."""

    place: Place
    stores: object

    def values(self, *stores):
        """A password for each."""
        names = [password_name(one.name) for one in stores] + [encryption_name(one.name) for one in stores]
        return {name: phrase() for name in names}

    def have(self, store, values):
        """As a deployment would."""
        store = self.fit(store)
        steps = store_steps([store], [one for one in self.stores.observe() if one.name == store.name])
        carry(self.stores, (store,), steps, values, lambda *_: None)

    def fit(self, store):
        """With the image that tests have."""
        return store

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

    def psql(self, store, values, sql, **changed):
        """What psql prints, over the network as a service has it. Refusal."""
        where = self.stores.address(store)
        user, password = role_of(store.databases[0]), values[password_name(store.name)].reveal()
        variables = {
            "PGHOST": where.host, "PGPORT": str(where.port), "PGDATABASE": store.databases[0], "PGUSER": user,
            "PGPASSWORD": password, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": self.root(store),
            "PGCONNECT_TIMEOUT": "60",
        } | changed  # fmt: skip
        return self.inside(store.name, ["psql", "-X", "-A", "-t", "-c", sql], variables)

    def redis(self, store, values, *words):
        """What redis-cli prints, over the network as a service has it. Refusal."""
        where = self.stores.address(store)
        variables = {"REDISCLI_AUTH": values[password_name(store.name)].reveal()}
        said = self.inside(store.name, ["redis-cli", "-h", where.host, "-p", str(where.port), *words], variables)
        if "NOAUTH" in said or "WRONGPASS" in said:
            raise Refusal(said)
        return said


@dataclass
class ProcessRig(Rig):
    """Programs of this machine."""

    @classmethod
    def make(cls):
        missing = programs.missing(["postgres", "redis-server", "rclone"])
        if missing:
            absent(f"{', '.join(missing)} is missing")
        place = place_of()
        return cls(place, ProcessStores(place))

    def close(self):
        """End everything."""
        self.stores.stop([one.name for one in self.stores.observe()])
        self.stores.supervisor.shutdown(20)

    def kill(self, name):
        """All at once, as a machine that loses power would; it is started again by whoever looks after it."""
        process = last_started(self.place.stores / name / "starts")
        os.kill(process.pid, signal.SIGKILL)
        return process

    def shown(self, _):
        """Every argument of every process."""
        found = (path for path in Path("/proc").glob("[0-9]*/cmdline"))
        return " ".join(read(path) for path in found)

    def root(self, store):
        return self.stores.authority(store)

    def hostaddr(self, store):
        return "127.0.0.1"

    def inside(self, _, words, variables):
        words = [programs.find(words[0]), *words[1:]]
        done = subprocess.run(words, env=os.environ | variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refusal(done.stderr)
        return done.stdout.strip()

    def s3(self, store):
        where = self.stores.address(store)
        return f"{scheme(store)}://{where.host}:{where.port}"

    def data(self, store):
        """The folder of what it keeps."""
        return self.stores._folder(store).data

    def identity(self, name):
        """What stays the same while it is not made anew."""
        return (self.place.stores / name / "spec.json").read_text()

    def broken(self, store, patch, folder):
        """As declared now, and with a PostgreSQL that ends at once."""
        program, find = folder / "postgres", programs.find
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
        folder.chmod(0o755)
        patch.setattr(programs, "find", lambda name, *major: str(program) if name == "postgres" else find(name, *major))
        return replace(store, max_connections=30)

    def of_another_major(self, name, major):
        """What is said of data of that."""
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / majors.FILE).write_text(f"{major}\n")
            return majors.here(Store(name, "postgres"), Path(folder))


@dataclass
class DockerRig(Rig):
    """Containers of the images that tests have."""

    engine: Engine = None

    @classmethod
    def make(cls):
        if why := why_not():
            absent(why)
        place, engine = place_of(), Engine()
        return cls(place, DockerStores(place, engine), engine)

    def close(self):
        """End everything, data too."""
        owner = self.stores.owner
        for one in self.engine.containers(owner.labels()):
            self.engine.remove(one.id)
        for one in self.engine.volumes(owner.labels()):
            self.engine.remove_volume(one["Name"])
        remove_networks(self.engine, owner)

    def fit(self, store):
        return replace(store, container=replace(store.container, image=store.container.image or images()[store.kind]))

    def kill(self, name):
        """The engine starts it again; `docker kill` alone would count as stopped by hand."""
        os.kill(self.engine.container(self.stores.owner.name(name)).pid, signal.SIGKILL)

    def shown(self, name):
        """What `docker inspect` says."""
        return json.dumps(self.engine.container(self.stores.owner.name(name)).raw)

    def root(self, store):
        return "/etc/fairlead/certificate/current/cert.pem"

    def hostaddr(self, store):
        return next(iter(self.engine.container(self.stores.owner.name(store.name)).addresses.values()))

    def inside(self, name, words, variables):
        ran = self.engine.run(self.stores.owner.name(name), words, env=variables)
        if ran.code:
            raise Refusal(ran.output)
        return ran.output.strip()

    def s3(self, store):
        found = self.engine.container(self.stores.owner.name(store.name)).addresses
        return f"{scheme(store)}://{next(iter(found.values()))}:9000"

    def identity(self, name):
        """Of its container."""
        return self.engine.container(self.stores.owner.name(name)).id

    def broken(self, store, *_):
        """With less memory than it takes."""
        return replace(store, container=replace(store.container, resources=Resources(memory=6 << 20)))

    def of_another_major(self, name, major):
        """What is said of a volume of that, and the image of tests."""
        volume = self.stores.owner.name("other-data")
        self.engine.create_volume(volume, self.stores.owner.labels("volume"))
        folder = Path(self.engine.volume(volume)["Mountpoint"], "main")
        folder.mkdir()
        (folder / majors.FILE).write_text(f"{major}\n")
        image, mount = self.engine.image(images()["postgres"]).id, Mount("volume", volume, KEEPS)
        return majors.contained(self.engine, self.stores.owner, Store(name, "postgres"), image, mount)

    def data(self, store):
        return Path(self.engine.volume(self.stores.owner.name(f"{store.name}-data"))["Mountpoint"])


def scheme(store):
    return "https" if store.tls else "http"


RIGS = {"process": ProcessRig, "docker": DockerRig}
