"""Who reaches whom, with nothing but the real: three deployments side by side, each with its edge and its stores.

Two environments of one project, and another project with the same file. From each container, and from this machine,
everything is tried that might lead to another one: its name, its addresses, and each door by each service's name.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.docker_engine import DockerEngine, images, unique, why_not

from fairlead.demo.sandbox import free_port

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=75)]

SERVER = """
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = os.environ["WHO"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
SERVICES = {  #: port, networks
    "web": (8000, ("backend", "database")),
    "both": (8001, ("backend", "special")),
    "admin": (9000, ("special",)),
    "same": (8000, ("special",)),  # the port of another one, in another network
    "front": (8002, ("frontend",)),
    "sealed": (8003, ("database",)),
    "worker": (0, ("backend",)),
    "caller": (0, ("special", "outgoing")),
}
STORES = {"db": 5432, "cache": 6379}  # in `database`
WHERE = {name: networks for name, (_, networks) in SERVICES.items()} | dict.fromkeys(STORES, ("database",))
MET = ("frontend", "backend", "special")  #: where the edge is
SPEAKING = (*MET, "database")  #: who is in `outgoing` does not reach its neighbours

# Who answers says who it is: what has no route here leaves the machine, and may be answered by anybody.
TRY = """
import http.client, json, socket, sys
from concurrent.futures import ThreadPoolExecutor

HELLO = {5432: bytes((0, 0, 0, 8, 4, 210, 22, 47)), 6379: b"PING\\r\\n"}

def answer(host, port, named, patient):
    try:
        if port in HELLO:
            with socket.create_connection((host, port), 30 if patient else 2) as one:
                one.sendall(HELLO[port])
                return {b"S": "5432", b"-": "6379"}.get(one.recv(1), "")
        one = http.client.HTTPConnection(host, port, timeout=30 if patient else 2)
        one.request("GET", "/", headers={"Host": named} if named else {})
        found = one.getresponse()
        said = found.read().decode()
        return said if found.status == 200 else "404" if said == "404 page not found\\n" else ""
    except (OSError, http.client.HTTPException):
        return ""

with ThreadPoolExecutor(64) as pool:
    print(json.dumps(list(pool.map(lambda one: answer(*one), json.loads(sys.stdin.read())))))
"""


def service(name):
    port, networks = SERVICES[name]
    lines = [f"  {name}:", "    image: {app}", "    pull_policy: never", f"    networks: [{', '.join(networks)}]"]
    lines += ['    env: {{WHO: "${{PROJECT}} ${{ENVIRONMENT}} ' + name + '"}}', '    volumes: ["./app:/app:ro"]']
    lines += [f"    port: {port}", "    command: python3 -u /app/app.py"] if port else ["    command: sleep 3000"]
    lines += ["    stop: {{drain: 1s, grace: 1s}}"]
    if name == "web":
        lines += ["    routes: [/]", "    health: {{ready: /, deadline: 90s}}", "    uses: [db, cache]"]
    if name == "sealed":
        lines.append("    health: {{command: 'true'}}")
    return "\n".join(lines)


PROJECT = """\
name: {name}
services:
SERVICES
stores:
  db: {{kind: postgres, image: "{postgres}", databases: {{shop: {{}}}}}}
  cache: {{kind: redis, image: "{redis}", maxmemory: 64M}}
environments:
  local: {{runtime: docker, edge: {{http: {port}, address: 127.0.0.1}}}}
  next: {{runtime: docker, edge: {{http: {other}, address: 127.0.0.1}}}}
""".replace("SERVICES", "\n".join(map(service, SERVICES)))


@dataclass
class Deployed:
    """One environment that is there, as the engine shows it."""

    folder: Path
    project: str
    environment: str
    port: int
    containers: dict = field(default_factory=dict)  #: name of the service or store → what the engine calls it
    addresses: dict = field(default_factory=dict)  #: the same → {network: address}, and that of `edge`

    def who(self, name):
        """What a service says, or a store."""
        return str(STORES[name]) if name in STORES else f"{self.project} {self.environment} {name}"

    def look(self, docker):
        prefix = f"{self.project}-{self.environment}-"
        for one in docker.lines("ps", "--format", "{{.Names}}", "--filter", f"name=^{prefix}"):
            name = one.removeprefix(prefix).split("-")[0]
            networks = docker.inspect(one)["NetworkSettings"]["Networks"]
            if networks:  # none of Traefik's own: it is beside the door
                self.containers[name] = one
                found = {network.removeprefix(prefix): seen["IPAddress"] for network, seen in networks.items()}
                self.addresses[name] = found


@pytest.fixture(scope="module")
def docker():
    if why := why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    return DockerEngine()


@pytest.fixture(scope="module")
def deployed(docker):
    made, name = Path(tempfile.mkdtemp(prefix="fl-isolation-")), unique("nets")
    made.chmod(0o755)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"FAIRLEAD_HOME": str(made / "home"), "PATH": path, "NO_COLOR": "1", "HOME": str(made)}
    env["DOCKER_HOST"] = docker.host
    wanted = []
    for folder, project in (("one", name), ("two", f"{name}-x")):
        (made / folder / "app").mkdir(parents=True)
        (made / folder / "app" / "app.py").write_text(SERVER)
        ports = {"port": free_port(), "other": free_port()}
        (made / folder / "fairlead.yaml").write_text(PROJECT.format(name=project, **ports, **images()))
        wanted.append(Deployed(made / folder, project, "local", ports["port"]))
        if folder == "one":
            wanted.append(Deployed(made / folder, project, "next", ports["other"]))

    def fairlead(one, *words, check=True):
        argv = ["fairlead", *words[:1], one.environment, *words[1:]]
        done = subprocess.run(argv, cwd=one.folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, done.stdout + done.stderr

    try:
        for one in wanted:
            fairlead(one, "deploy", "--init-secrets", "--yes")
            one.look(docker)
        yield wanted
        for one in wanted:
            fairlead(one, "drift")
    finally:
        for one in wanted:
            fairlead(one, "stop", check=False)
        docker.remove(name)
        shutil.rmtree(made, ignore_errors=True)


def attempts(asking, own, all_of_them):
    """(what is tried, what has to be the answer) of everything: "" is that nobody answers."""
    here = WHERE[asking] if asking else ()
    for there in all_of_them:
        mine = there is own
        for name, networks in WHERE.items():
            port = SERVICES[name][0] if name in SERVICES else STORES[name]
            if not port:
                continue
            shared = mine and {*here} & {*networks} & {*SPEAKING}
            yield (there.containers[name], port, ""), there.who(name) if shared else ""
            for network, address in there.addresses[name].items():
                yield (address, port, ""), there.who(name) if mine and network in here else ""
            if mine:
                met = shared & {*MET} if name in SERVICES else shared
                yield (name, port, ""), there.who(name) if met else ""
            for network, address in there.addresses["edge"].items() if name in SERVICES else ():
                refused = "404" if mine and network in here else ""
                yield (address, port, name), there.who(name) if refused and network in networks else refused


def wrong(tries, *argv):
    """Those with another answer, and which; asked by a Python that `argv` leads to.

    They are asked again: an engine that makes a network, for whomever, has none of its rules for a moment.
    """
    for _ in range(6):
        given = json.dumps([[*what, bool(answer)] for what, answer in tries])
        ran = subprocess.run([*argv, "-c", TRY], input=given, capture_output=True, text=True, check=True)
        found = list(zip(tries, json.loads(ran.stdout), strict=True))
        tries = [(what, answer) for (what, answer), got in found if got != answer]
        if not tries:
            return []
    return [f"{what}: {got!r} and not {answer!r}" for (what, answer), got in found if got != answer]


def test_from_each_container_only_what_shares_a_network_is_reached(deployed):
    def tried(one):
        own, asking = one
        container, hasty = own.containers[asking], ("--env", "RES_OPTIONS=attempts:1 timeout:1")
        found = wrong(list(attempts(asking, own, deployed)), "docker", "exec", "-i", *hasty, container, "python3")
        return [f"{container} asked {line}" for line in found]

    with ThreadPoolExecutor(4) as pool:
        found = pool.map(tried, [(own, name) for own in deployed for name in SERVICES])
        assert [line for lines in found for line in lines] == []


def test_the_machine_asks_as_users_do_and_reaches_nothing_in_database(deployed):
    tries = []
    for one in deployed:
        tries.append((("127.0.0.1", one.port, ""), one.who("web")))
        asked = [(name, port) for name, (port, _) in SERVICES.items() if port]
        doors = one.addresses["edge"].values()
        tries += [((address, port, name), "404") for name, port in asked for address in doors]
        sealed = [(name, port) for name, port in (*asked, *STORES.items()) if "database" in WHERE[name]]
        tries += [((one.addresses[name]["database"], port, ""), "") for name, port in sealed]
    assert wrong(tries, sys.executable) == []


def test_the_edge_is_in_no_network_that_it_does_not_need(deployed):
    for one in deployed:
        assert set(one.addresses["edge"]) == set(MET)
