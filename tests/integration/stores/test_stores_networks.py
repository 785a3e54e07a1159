"""Who reaches whom: every connection that is forbidden is tried, and every one that is allowed.

From inside containers, in every pair of networks, of two environments and two projects; from the machine itself; out of
the machine; by IPv4, by IPv6 and by name.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from store_rig import absent
from tests.docker_engine import images, why_not

from fairlead.engine.engine import Engine
from fairlead.engine.networks import ensure_named, remove_networks
from fairlead.engine.owner import Owner
from fairlead.project.stack import Security
from fairlead.render.container import ContainerSpec, Joined
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

PORT = 9000
WHO = {  #: as the project file of a practice has it
    "edge": ("frontend", "backend"),
    "api": ("backend", "database"),
    "db": ("database",),
    "files": ("backend",),
    "scanner": ("backend", "outgoing"),
    "mailer": ("outgoing",),
}
BESIDE = {"api": ("backend", "database"), "db": ("database",), "own": ("special",)}
"""In another environment, and in another project. A name without a meaning is that of an internal network."""
LISTEN = f"""
import socket, sys
one = socket.create_server(("::", {PORT}), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    there = one.accept()[0]
    there.sendall(sys.argv[1].encode())
    there.close()
"""  # who answers says who it is: some networks have a gateway that takes every connection
TRY = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reached(host, port, name, seconds):
    try:
        with socket.create_connection((host, port), timeout=seconds) as one:
            return one.recv(100).decode() == name
    except OSError:
        return False
wanted = json.loads(sys.argv[1])
with ThreadPoolExecutor(64) as pool:
    print(json.dumps(list(pool.map(lambda one: reached(*one), wanted))))
"""


@dataclass
class Member:
    """A container, in some environment."""

    owner: Owner
    name: str
    networks: tuple
    addresses: dict  #: network → IPv4

    @property
    def container(self):
        return self.owner.name(self.name)

    def at(self, address):
        """Where it is to be tried, and who has to answer."""
        return [address, PORT, self.container]

    def allowed(self, members):
        """Whom of them it may reach."""
        return [other.at(other.addresses[network]) for other in members for network in self.meets(other)]

    @property
    def gets_out(self):
        """Whether it may reach other machines."""
        return bool({"outgoing", "frontend"} & set(self.networks))

    def meets(self, other):
        """The networks in which both are and may speak."""
        if self.owner != other.owner:
            return set()
        return set(self.networks) & set(other.networks) - {"outgoing"}


@pytest.fixture(scope="module")
def engine():
    if why := why_not():
        absent(why)
    return Engine()


@pytest.fixture(scope="module")
def members(engine):
    """The same in two environments of one project, and in another project."""
    project = f"t{uuid.uuid4().hex[:8]}"
    owners = [Owner("test", project, "local"), Owner("test", project, "next"), Owner("test", f"{project}x", "local")]
    made = []
    try:
        for owner in owners:
            chosen = WHO if owner == owners[0] else BESIDE if owner == owners[1] else {"db": ("database",)}
            ensure_named(engine, owner, {network for networks in chosen.values() for network in networks})
            made += side_by_side(lambda one, owner=owner: begin(engine, owner, *one), chosen.items())
        yield made
    finally:
        for owner in owners:
            for one in engine.containers(owner.labels()):
                engine.remove(one.id)
            remove_networks(engine, owner)


def side_by_side(act, items):
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(act, items))


def begin(engine, owner, name, networks):
    image, called = engine.image(images()["python"]).id, owner.name(name)
    spec = ContainerSpec(
        name=called, image=image, argv=("python3", "-c", LISTEN, called),
        labels=owner.labels("helper"), security=Security(root=True),
        networks=tuple(Joined(owner.name(network), (name,)) for network in networks),
    )  # fmt: skip
    id = engine.create(spec)
    engine.start(id)
    found = engine.container(id).addresses
    return Member(owner, name, networks, {network: found[owner.name(network)] for network in networks})


PATIENT, HASTY = 60, 2  #: seconds until one that has to be reached, or must not be, counts as not reached


def tried(engine, member, wanted, allowed=None):
    """Which of these a container reaches. Those that it may reach, all unless said otherwise, are waited for longer."""
    timed = [[*one, PATIENT if allowed is None or one in allowed else HASTY] for one in wanted]
    ran = engine.run(member.container, ["python3", "-c", TRY, json.dumps(timed)])
    assert ran.code == 0, ran.output
    return [one for one, reached in zip(wanted, json.loads(ran.output), strict=True) if reached]


@pytest.fixture(scope="module")
def seen(engine, members, outside):
    """Who reaches what, of all that there is: every address of everybody else, and another machine."""
    ready = [one.at("127.0.0.1") for one in members]
    assert wait_until(lambda: all(tried(engine, one, [own]) for one, own in zip(members, ready, strict=True)), 240)
    assert wait_until(lambda: bool(tried(engine, members[0], [outside])), 240)
    everything = [one.at(address) for one in members for address in one.addresses.values()]

    def all_tried(one):
        own = [one.at(address) for address in one.addresses.values()]
        allowed = [*one.allowed(members), *own, *([outside] if one.gets_out else [])]
        reached = tried(engine, one, [*everything, outside], allowed)
        for _ in range(5):  # an engine that makes a network, for whomever, has none of its rules for a moment
            if not (strange := [found for found in reached if found not in allowed]):
                break
            again = tried(engine, one, strange, allowed)
            reached = [found for found in reached if found in allowed or found in again]
        return reached

    found = side_by_side(all_tried, members)
    return {one.container: reached for one, reached in zip(members, found, strict=True)}


def test_containers_reach_whom_they_share_a_network_with_and_nobody_else(members, seen, outside):
    for one in members:
        allowed = one.allowed(members)
        own = [one.at(address) for address in one.addresses.values()]
        reached = [found for found in seen[one.container] if found != outside and found not in own]
        assert sorted(reached) == sorted(found for found in allowed if found not in own), one.container


def test_names_are_known_where_a_network_is_shared(engine, members):
    api, files, db = (next(one for one in members if one.name == name) for name in ("api", "files", "db"))
    assert tried(engine, api, [db.at("db"), files.at("files")]) == [db.at("db"), files.at("files")]


def test_nobody_has_an_address_of_ipv6_beside_its_loopback(engine, members):
    for one in members:
        ran = engine.run(one.container, ["cat", "/proc/net/if_inet6"])
        assert {line.split()[-1] for line in ran.output.splitlines()} <= {"lo"}, one.container


def test_the_machine_does_not_reach_databases(members):
    wanted = [(one, network) for one in members for network in one.addresses]
    found = side_by_side(lambda each: reached_from_here(*each), wanted)
    for (one, network), reached in zip(wanted, found, strict=True):
        assert reached is (network != "database"), f"{one.container} in {network}"


def reached_from_here(one, network):
    try:
        seconds = HASTY if network == "database" else PATIENT
        with socket.create_connection((one.addresses[network], PORT), timeout=seconds) as connection:
            return connection.recv(100).decode() == one.container
    except OSError:
        return False


@pytest.fixture(scope="module")
def outside(engine):
    """Another machine: a namespace of its own, which this one forwards to."""
    name, first = f"fl{uuid.uuid4().hex[:6]}", 4 * random.randrange(1, 60)
    here, address = f"203.0.113.{first + 1}", f"203.0.113.{first + 2}"
    if os.geteuid() or shutil.which("ip") is None:
        absent("it needs root and ip to have another machine")
    ip("netns", "add", name)
    try:
        ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
        ip("address", "add", f"{here}/30", "dev", f"{name}a")
        ip("link", "set", f"{name}a", "up")
        for words in (["address", "add", f"{address}/30", "dev", f"{name}b"], ["link", "set", f"{name}b", "up"],
                      ["link", "set", "lo", "up"], ["route", "add", "default", "via", here]):  # fmt: skip
            ip("-n", name, *words)
        argv = ["ip", "netns", "exec", name, sys.executable, "-c", LISTEN, "outside"]
        with subprocess.Popen(argv) as listener:
            yield [address, PORT, "outside"]
            listener.kill()
    finally:
        ip("netns", "delete", name)


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def test_only_who_says_so_gets_out(members, seen, outside):
    for one in members:
        assert (outside in seen[one.container]) is one.gets_out, one.container
