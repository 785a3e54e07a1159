"""The same image under the same load, deployed by Compose, by Swarm, by an nginx script, and by Fairlead."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import containers
import projects
from loaded import HEADER, PAUSE, Deploy, Scenario, Setting, row, under_load
from tables import Table
from tests.docker_engine import DockerEngine, images, unique, why_not

from fairlead.demo.mix import Mix, Options

SCENARIOS = (
    Scenario(
        "uvicorn, all kinds of requests", "uvicorn asgi:app --host 0.0.0.0 --port 8000 --log-level warning",
        Mix(get=6, post=6, fresh=2, idle=24, slow=4, stream=4, websocket=10), 6, Options(rate=150.0, timeout=30.0),
    ),
    Scenario(
        "gunicorn, one sync worker each, saturated by 3 s responses",
        "gunicorn wsgi:app --bind 0.0.0.0:8000 --no-control-socket --log-level warning",
        Mix(get=1, post=1, fresh=1, idle=0, slow=8, stream=0, websocket=0), 6, Options(rate=20.0, timeout=90.0),
    ),
)  # fmt: skip


def fairlead(command: str) -> Iterator[tuple[str, Deploy]]:
    name = unique("bench")
    try:
        with projects.sandbox(name) as made:

            def deploy(version: int) -> None:
                projects.write_containers(made, name, images()["app"], version, "2s", command)
                projects.run(made, "deploy", "local")

            yield made.url, deploy
    finally:
        DockerEngine().remove(name)


#: what it is, how it is done, the program it needs
SETTINGS: tuple[tuple[str, Setting, str], ...] = (
    ("`docker-compose up -d`", containers.compose, "docker-compose"),
    ("`docker service update --update-order start-first`", containers.swarm, "dockerd"),
    ("script, `nginx -s reload`", containers.nginx_script, "nginx"),
    ("Fairlead, blue-green", fairlead, "docker"),
)


def measure() -> list[Table]:
    why = why_not()
    if why:
        raise SystemExit(f"the peers of Docker cannot be measured: {why}")
    rows = []
    for scenario in SCENARIOS:
        for title, setting, program in SETTINGS:
            if shutil.which(program):
                rows.append(row(title, scenario, *under_load(setting, scenario)))
                print(" | ".join(rows[-1]), flush=True)  # it takes long
            else:
                rows.append((scenario.title, f"{title}: {program} is not installed", *[""] * 6))
    note = (
        f"Deployments in a row, {PAUSE:g} s apart, of the sample applications of the tests, two containers each, with "
        "30 s of grace. Compose: Traefik in front, which asks the engine's DNS for `web`; the command returns before "
        "the new containers are ready. Swarm: a health check, Traefik in front, which asks Swarm for its tasks each "
        "second; without Swarm's ingress, which needs IP_VS in the kernel (`--endpoint-mode dnsrr`). The script is "
        "`benchmarks/handmade/containers.sh`: its time contains 5 s of waiting, and the wait for the old containers "
        "to end, streams and all, like that of the first two. Fairlead's old containers are ended later, by the "
        "keeper. Where answers fail at once clients ask more often: compare losses as a share of the requests."
    )
    return [Table("Containers: against Compose, Swarm and an nginx script", HEADER, rows, note)]
