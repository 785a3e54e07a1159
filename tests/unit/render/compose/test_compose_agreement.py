"""What Fairlead has an engine make, and what it renders for Compose, say the same: of every container of every example.

The Compose file is read here as Compose reads it, into the words of the engine's API. What differs has its reason in
`KNOWN`, and nothing else does.
"""

import json
import math
import re
from functools import cache
from pathlib import Path

import pytest
import yaml as pyyaml
from ruamel.yaml import YAML

from fairlead.artifacts.release import Release
from fairlead.engine.owner import Owner
from fairlead.project.loader import load_project
from fairlead.project.project import parse_project
from fairlead.render.compose import compose_project, edge
from fairlead.render.container import creation
from fairlead.render.edge_containers import ports_of
from fairlead.render.entrypoints import MAIN, static_file
from fairlead.render.networks import networks_of
from fairlead.render.traefik import dynamic_file, route_key
from fairlead.render.yaml import yaml_text
from fairlead.rollout.routing import edge_table
from fairlead.rollout.specs import Machine, job_spec, service_specs
from fairlead.rollout.steps import Shares
from fairlead.runtimes.base import Instance
from fairlead.runtimes.docker.spec import Handed, container_spec
from fairlead.secrets.consumers import file_names
from fairlead.stores.container_spec import container_of
from fairlead.stores.kinds.table import kind_of

ROOT = Path(__file__).parents[4]
OWNER = Owner("h", "p", "e")
MORE = """\
name: shop
variables: {TAG: "1", SIZE: 64m}
secrets: {KEY: {}, PLAIN: {}, SIGN: {generate: ed25519, rotate: {kind: jwt, every: 90d}}}
templates:
  - {from: a.conf, to: a/b.conf, secret: true}
  - {from: a.conf, to: a-b.conf, secret: true, services: [api]}
compose: {networks: {open: {internal: false}}}
services:
  api:
    image: shop:${TAG}
    entrypoint: tini --
    command: serve --at ${PORT} 'a b$c'
    port: 8000
    user: "1000:1000"
    workdir: /app
    health: {command: "ask ${PORT}", interval: 1s}
    env: {COST: 5$, WHERE: "${PROJECT}/${ENVIRONMENT}", KEY_FILE: mine}
    secrets: [KEY, {name: PLAIN, as: env}, SIGN]
    volumes: ["up:/up", "./conf:/etc/api:ro", "/srv:/srv"]
    networks: [backend, outgoing]
    routes: [{path: /, limit: 10/s, policies: {timeout: 60s}}, {path: /old, redirect: /new}]
    uses: [cache, db]
    replicas: 3
    resources: {cpu: 0.5, memory: 512M}
    security: {tmpfs: [/tmp, /cache], cap_add: [NET_BIND_SERVICE], pids: 20, init: false}
    logs: {size: 5M, files: 2}
    stop: {signal: SIGINT, grace: 20s}
  worker: {like: api, command: work, publish: ["127.0.0.1:9000:9001", "9002"], user: app}
  loose: {image: shop, security: off, networks: [default]}
  wide: {image: shop, networks: [open]}
jobs: {migrate: {like: api, command: "move up", env: {MODE: once}}}
stores:
  cache: {kind: redis}
  kept: {kind: s3, tls: true, encrypted: true}
  db: {kind: postgres, databases: {shop: {migrations: db/shop}, tool: {used_by: {api: ro}, migrator: move on}}}
  queue: {kind: container, image: "rabbitmq:4", command: sh -c 'run it', security: off, networks: [default]}
environments: {e: {runtime: docker, edge: {http: 80, https: 443, trusted_proxies: [10.0.0.0/8]}}}
"""
KNOWN = {
    "Image": "Fairlead pins it by its id; Compose is told where it comes from",
    "Labels": "Compose has its own",
    "ExposedPorts": "follows from what is published",
    "Healthcheck": "nobody but the engine asks, so it does as Fairlead would",
    "HostConfig.NetworkMode": "follows from the networks, which are compared",
    "HostConfig.ExtraHosts": "names lead to the edge at an address that stays; Compose has the services themselves",
    "HostConfig.OomScoreAdj": "what is said under `compose` is handed on as it is",
    "HostConfig.ShmSize": "the same",
    "HostConfig.Ulimits": "the same",
}
OF_STORES = KNOWN | {
    "Cmd": "what Fairlead makes of passwords beforehand, it reads from their files as it starts",
    "Entrypoint": "the same",
    "Env": "the same",
}
SECRETS, FILES, CONF, SOCKET = "/run/secrets", "/run/fairlead/files", "/etc/fairlead", "/run/fairlead/socket"
HANDED = {SECRETS, FILES, CONF, SOCKET}  #: folders of this machine; a Compose file has secrets, and files beside it


RUNTIMES = {"process", "docker", "kubernetes"}


def examples():
    """What runs in Docker, by the folder of the example and its environment.

    Read by the quickest parser there is: whoever collects these tests needs their names alone.
    """
    for file in sorted(ROOT.glob("examples/*/fairlead.yaml")):
        said = pyyaml.load(file.read_text(), Loader=getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader))
        for name, environment in said["environments"].items():
            assert environment["runtime"] in RUNTIMES
            if environment["runtime"] == "docker":
                yield file, name


STACKS = {"more": None} | {f"{file.parent.name}-{name}": (file, name) for file, name in examples()}
loaded = cache(load_project)


def stack_of(name):
    """One of these."""
    if STACKS[name] is None:
        return parse_project(MORE, Path("/p")).outline("e")
    file, environment = STACKS[name]
    return loaded(file).outline(environment)


UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def number(text):
    count, unit = re.fullmatch(r"(\d+)([bkmg]?)", str(text).lower()).groups()
    return int(count) * UNITS[unit or "b"]


def seconds(text):
    count, unit = re.fullmatch(r"(\d+)(ms|s)", text).groups()
    return int(count) / (1000 if unit == "ms" else 1)


def text_of(text, env):
    """What Compose makes of it: `$$` is `$`, and a reference is the value."""
    return re.sub(r"\$\$|\$\{(\w+):[?-][^}]*\}", lambda one: env.get(one[1], f"<{one[1]}>") if one[1] else "$", text)


def plain(value, env):
    if isinstance(value, dict):
        return {key: plain(one, env) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one, env) for one in value]
    return text_of(value, env) if isinstance(value, str) else value


def volume(one):
    if isinstance(one, dict):
        return one["target"], one["type"], one["source"], one.get("read_only", False)
    source, target, *mode = one.split(":")
    kind = "bind" if source.startswith((".", "/")) else "volume"
    return target, kind, source.removeprefix("../").removeprefix("../"), mode == ["ro"]


def bindings(ports):
    found = {}
    for text in ports:
        rest, _, protocol = text.partition("/")
        *address, outside, inside = rest.split(":")
        found.setdefault(f"{inside}/{protocol or 'tcp'}", []).append({"HostIp": ":".join(address), "HostPort": outside})
    return found


def told(one):
    """A Compose service in the words of the engine's API."""
    host = {
        "ReadonlyRootfs": one.get("read_only", False), "Init": one.get("init", False),
        "CapAdd": one.get("cap_add", []), "CapDrop": one.get("cap_drop", []),
        "SecurityOpt": one.get("security_opt", []), "PidsLimit": one.get("pids_limit"),
        "Tmpfs": dict(text.split(":", 1) for text in one.get("tmpfs", [])),
        "Memory": number(one.get("mem_limit", 0)), "MemorySwap": number(one.get("memswap_limit", 0)),
        "NanoCpus": round(one.get("cpus", 0) * 1e9), "Sysctls": one.get("sysctls", {}),
        "RestartPolicy": {"Name": one["restart"]}, "PortBindings": bindings(one.get("ports", [])),
        "LogConfig": logs(one["logging"]["driver"], **one["logging"]["options"]),
        "Mounts": sorted(found for found in map(volume, one.get("volumes", [])) if not handed(found[0])),
    }  # fmt: skip
    return {
        "Cmd": one.get("command"), "Entrypoint": one.get("entrypoint"), "User": one.get("user", ""),
        "WorkingDir": one.get("working_dir", ""), "StopSignal": one.get("stop_signal", "SIGTERM"),
        "StopTimeout": math.ceil(seconds(one["stop_grace_period"])),
        "Env": sorted(f"{name}={value}" for name, value in one.get("environment", {}).items()),
        "Networks": sorted(one.get("networks", [])),
    } | {f"HostConfig.{key}": value for key, value in host.items()}  # fmt: skip


def logs(kind, **options):
    return kind, number(options["max-size"]), int(options["max-file"])


def handed(target):
    return any(target == one or target.startswith(f"{one}/") for one in HANDED)


def engine(spec):
    """What the engine is asked for, its names as the project file has them."""
    body = creation(spec)
    host = body.pop("HostConfig")
    body.pop("NetworkingConfig")
    kept = host["LogConfig"]
    mounts = [(one["Target"], one["Type"], own(one["Source"]), one["ReadOnly"]) for one in host["Mounts"]]
    host |= {
        "LogConfig": logs(kept["Type"], **kept["Config"]),
        "Mounts": sorted(one for one in mounts if not handed(one[0])),
    }
    body |= {
        "Env": sorted(body["Env"]),
        "Networks": sorted(own(one.network) for one in spec.networks),
    }
    return body | {f"HostConfig.{key}": value for key, value in host.items()}


def own(name):
    return name.removeprefix("p-e-")


def differing(spec, one, known):
    wanted, has = engine(spec), told(one)
    keys = (wanted.keys() | has.keys()) - known.keys()
    return {key: (wanted.get(key), has.get(key)) for key in keys if wanted.get(key) != has.get(key)}


@pytest.fixture(params=sorted(STACKS), scope="module")
def both(request):
    """A stack, its release, and its Compose services as Compose reads them."""
    stack = stack_of(request.param)
    assert stack.runtime == "docker"
    items = (*stack.services, *stack.jobs)
    release = Release.of(stack, {one.name: "sha256:1" for one in items}, {})
    text = yaml_text(compose_project(stack, "../.."))
    document = plain(YAML(typ="safe", pure=True).load(text), {"RELEASE": release.id})
    return stack, release, document


def secret_values(item, one):
    """What the runtime takes from files of secrets; here Compose has a reference, or what needs no secret."""
    names = {secret.variable for secret in (*item.secrets, *item.access) if secret.delivery == "env"}
    return {name: value for name, value in one["environment"].items() if name in names} if names else {}


def test_every_service_and_job(both):
    stack, release, document = both
    machine = Machine({}, "python3", {"NOT": "inherited"}, containers=True, root="")
    for item in (*stack.services, *stack.jobs):
        one = document["services"][item.name]
        if item in stack.services:
            (instance,) = service_specs(release, [f"{release.id}.{item.name}.1"], machine)
            assert one.get("scale", 1) == item.replicas
        else:
            instance = job_spec(release, item.name, machine)
        values = secret_values(item, one)
        assert values.keys() == instance.secret_env.keys()
        spec = container_spec(instance, OWNER, Handed(values, Path("/s"), Path("/f")))
        known = dict(KNOWN)
        if item.name == "wide":
            known["Networks"] = "one that the file opens for Compose is internal here, with `outgoing` beside it"
            assert engine(spec)["Networks"] == ["open", "outgoing"]
        assert differing(spec, one, known) == {}, item.name
        read = {name for name in one.get("secrets", ()) if isinstance(name, str)}
        read |= {name["target"] for name in one.get("secrets", ()) if not isinstance(name, str)}
        given = {secret.name for secret in (*item.secrets, *item.access) if secret.delivery == "env"}
        assert read == set(file_names(item, stack)) - given


def test_every_store(both):
    stack, _, document = both
    for store in stack.stores:
        if store.url is None:
            image = store.container.image or kind_of(store).image(store)
            spec = container_of(store, kind_of(store), OWNER, Path("/home/db"), image, {})
            found = differing(spec, document["services"][store.name], OF_STORES)
            assert found == {}, store.name


def test_every_network(both):
    stack, _, document = both
    said = document["networks"]
    for one in networks_of(stack):
        if one.name in said and one.name != "open":
            made = said[one.name]
            assert (made.get("internal", False), made.get("driver_opts", {})) == (one.internal, dict(one.options))


def test_the_edge_has_the_same_routes(both):
    """Routers of users, by their names: those of Fairlead's own requests, and of names of services, it has beside."""
    stack, release, _ = both
    there = [one for one in stack.services if one.port]
    alive = [
        Instance(f"{release.id}.{one.name}.1", release.id, one.name, 1, one.port, "running", True, 1, host=one.name)
        for one in there
    ]
    table = edge_table(Shares(((release.id, 100),)), {release.id: stack}, alive)
    files = edge.files(stack)
    if not edge.is_there(stack):
        assert not any(one.routes for one in there)
        return
    has, wanted = (json.loads(text)["http"] for text in (files["edge/dynamic/routes.yml"], dynamic_file(table, "k")[0]))
    for name, one in has["routers"].items():
        assert one == wanted["routers"][name]
        assert "X-Fairlead-Release" not in one["rule"]  # whoever knew what to send would not be counted
        for middleware in one.get("middlewares", ()):
            assert has["middlewares"][middleware] == wanted["middlewares"][middleware]
    users = {route_key(route.host, route.path) for one in there for route in one.routes}
    assert users <= has["services"].keys()
    assert has["serversTransports"] == wanted["serversTransports"]


def test_the_edge_listens_the_same(both):
    stack, _, document = both
    if not edge.is_there(stack):
        assert "edge" not in document["services"]
        return
    has = json.loads(edge.files(stack)["edge/traefik.yml"])
    wanted = json.loads(static_file(ports_of(MAIN, stack.edge, ()), Path("/etc/fairlead/edge"), Path("/log")))
    apart = {"log", "accessLog", "entryPoints"}
    assert {key: one for key, one in has.items() if key not in apart} == {
        key: one for key, one in wanted.items() if key not in apart
    }
    assert has["accessLog"] | {"filePath": "/log/access.log"} == wanted["accessLog"]
    for name, point in has["entryPoints"].items():
        if name in ("web", "websecure"):
            shed = wanted["entryPoints"][name]["http"].pop("middlewares")
            assert (point, shed) == (wanted["entryPoints"][name], ["fairlead-shed-main@file"])
    assert has["entryPoints"]["api"]["address"] == "127.0.0.1:61001"  # nobody else reaches it
