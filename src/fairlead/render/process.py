"""What the runtime `process` has for a stack: supervisord's programs and Traefik's routes, as plain files.

They are what an environment has while one release is live, and run without Fairlead: `supervisord -n -c
supervisord.conf` in `supervisord/`, `traefik --configFile=traefik.yml` in `traefik/`. What is known only where a
release is started has a stand-in: ports count up from 19001, the release is called `rendered`, and secrets lie in
`/run/secrets/SERVICE`. Nothing here is read by Fairlead.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fairlead.project import placeholders
from fairlead.project.stack import Job, Service, Stack, Stop
from fairlead.project.stack_edge import Edge
from fairlead.render import entrypoints, supervisord, traefik
from fairlead.render.edge import EdgeTable, Pool
from fairlead.render.live import RELEASE, live_table
from fairlead.render.supervisord import Program
from fairlead.render.tls import tls_file
from fairlead.render.ways import Ways, no_value

FIRST_PORT = 19001  # below those that Fairlead takes
API_PORT = 19000
SECRETS = "/run/secrets"
BELOW = "supervisord"


def process_files(stack: Stack, ways: Ways) -> dict[str, str]:
    """The files, by their path; those of the edge only where something is routed to."""
    files = {f"{BELOW}/supervisord.conf": supervisord.main_file(Path("sock"), False)}
    for program in _programs(stack, ways):
        files[f"{BELOW}/programs/{program.name}.conf"] = supervisord.program_file(program)
    if any(service.routes for service in stack.services):
        files |= _edge(stack, ways)
    return files


def _ports(stack: Stack) -> dict[tuple[str, int], int]:
    """The port of each instance, by service and index."""
    listening = [(one.name, index) for one in stack.services if one.port for index in range(1, one.replicas + 1)]
    return {instance: FIRST_PORT + number for number, instance in enumerate(listening)}


def _programs(stack: Stack, ways: Ways) -> Iterator[Program]:
    ports = _ports(stack)
    for service in stack.services:
        for index in range(1, service.replicas + 1) if service.command else ():
            name = f"{RELEASE}.{service.name}.{index}"
            yield _program(stack, service, name, ports.get((service.name, index)), ways)
    for job in (one for one in stack.jobs if one.when != "migration"):
        yield _program(stack, job, f"{RELEASE}.{job.name}.1", None, ways)


def _program(stack: Stack, item: Service | Job, name: str, port: int | None, ways: Ways) -> Program:
    values = _values(stack, item, name, port, ways)
    env = _env(stack, item, values)
    held = {key: value for key, value in env.items() if "\n" not in value}
    elsewhere = [*(key for key in env if key not in held), *_values_of_secrets(item)]
    argv = tuple(_filled(part, values, stack) for part in shlex.split(item.command))
    is_service, stop = isinstance(item, Service), item.stop if isinstance(item, Service) else Stop()
    return Program(
        name,
        ("env", *(f"{key}={value}" for key, value in held.items()), *argv) if held else argv,
        stop.signal,
        stop.grace,
        restart=is_service,
        start_seconds=1 if is_service else 0,
        directory=_directory(item, ways),
        comments=tuple(f"it needs {key}, from the environment of supervisord" for key in elsewhere),
        autostart=is_service,
    )


def _env(stack: Stack, item: Service | Job, values: dict[str, str]) -> dict[str, str]:
    """What the process finds in its environment; secrets by the files that they are in."""
    told = {one.variable: f"{SECRETS}/{item.name}/{one.name}" for one in item.secrets if one.delivery == "file"}
    return told | {key: _filled(value, values, stack) for key, value in item.env.items()}


def _values_of_secrets(item: Service | Job) -> list[str]:
    return [one.variable for one in item.secrets if one.delivery == "env"]


def _directory(item: Service | Job, ways: Ways) -> str:
    return f"{ways.project(BELOW)}/{item.source}" if item.source else ways.project(BELOW)


def _values(stack: Stack, item: Service | Job, name: str, port: int | None, ways: Ways) -> dict[str, str]:
    return {
        **stack.variables,
        "PROJECT": stack.project,
        "ENVIRONMENT": stack.environment,
        "PYTHON": "python3",
        "FAIRLEAD": "python3",
        "RELEASE": RELEASE,
        "INSTANCE": name,
        "PORT": str(port or ""),
        "FILES": ways.files_from(item.source or "."),
        "SECRETS": f"{SECRETS}/{item.name}",
    }


def _filled(text: str, values: dict[str, str], stack: Stack) -> str:
    try:
        return placeholders.expand(text, values)
    except KeyError as error:
        raise no_value(error.args[0], stack) from None


def _edge(stack: Stack, ways: Ways) -> dict[str, str]:
    edge = replace(stack.edge, http=stack.edge.http or (None if stack.edge.https else 8080))
    listen = entrypoints.EdgePorts(edge.address, edge.http, API_PORT, edge.https, trusted=edge.trusted_proxies)
    files = {
        "traefik/traefik.yml": entrypoints.static_file(listen, Path()),
        "traefik/dynamic/routes.yml": traefik.dynamic_file(_table(stack, edge), "")[0],
    }
    return files | ({"traefik/dynamic/tls.yml": tls_file(_certificates(edge, ways))[0]} if edge.https else {})


def _certificates(edge: Edge, ways: Ways) -> list[tuple[str, str]]:
    """Those that are given, by their paths; where none is, Traefik makes one that nobody trusts."""
    project = ways.project("traefik")
    return [
        (f"{project}/{one.cert}", f"{project}/{one.key}" if one.key else f"{SECRETS}/edge/{one.secret}")
        for one in edge.certificates
    ]


def _table(stack: Stack, edge: Edge) -> EdgeTable:
    ports: dict[str, list[int]] = {}
    for (name, _), port in _ports(stack).items():
        ports.setdefault(name, []).append(port)
    pools = {
        one.name: Pool(one.name, RELEASE, tuple(ports[one.name]), waits=one.routes)
        for one in stack.services
        if one.name in ports
    }
    return live_table(stack, pools, edge)
