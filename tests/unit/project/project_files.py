"""Project files for the tests of this folder, and what the loader says of them."""

from pathlib import Path

from fairlead.errors import ConfigurationError
from fairlead.project.project import parse_project
from fairlead.project.stack import Stack

QUICKSTART = """\
name: quickstart
services:
  web:
    source: ./app
    prepare: {run: ["${PYTHON} -m venv .venv", ".venv/bin/pip install -r requirements.txt"], inputs: [requirements.txt]}
    command: .venv/bin/uvicorn main:app --host 127.0.0.1 --port ${PORT}
    port: 8000                 # in a container; a process gets a free ${PORT}
    health: /health            # or {live, ready, timeout, interval, successes}
    routes: ["/"]              # or [{host, path, …}]
    replicas: 2
    env: {GREETING: hello}
    stop: {drain: 2s, grace: 30s}
  worker:
    like: web                  # the same release, another command
    command: .venv/bin/python worker.py
    replicas: 1
jobs:
  seed: {like: web, command: .venv/bin/python seed.py, when: before-traffic}
environments:
  local: {runtime: process, edge: {http: 8080}}
rollout: {strategy: blue-green, keep: 3, rollback_window: 10m}
"""

WHOLE = """\
name: shop
variables: {LOG_LEVEL: {type: enum, values: [debug, info], default: info}, PUBLIC_URL: {type: url}}
secrets:   {SESSION_KEY: {generate: {kind: hex, length: 64}, rotate: 90d}, SMTP_PASSWORD: {}}
services:
  api:
    source: ./api
    build: {context: ./api}
    prepare: {run: ["${PYTHON} -m venv .venv", ".venv/bin/pip install -r requirements.txt"], inputs: [requirements.txt]}
    command: .venv/bin/uvicorn api:app --host 127.0.0.1 --port ${PORT}
    port: 8000
    health: {live: /health/live, ready: /health/ready, timeout: 5s, interval: 1s, successes: 2}
    routes: [{path: /api, host: shop.example.com, limit: 10/s, policies: {}}]
    networks: [backend, database]
    uses: [db.shop, cache]
    env: {LOG_LEVEL: "${LOG_LEVEL}"}
    secrets: [SESSION_KEY, {name: SMTP_PASSWORD, as: env}]
    replicas: 2
    resources: {cpu: 2.0, memory: 2G}
    stop: {signal: SIGTERM, drain: 10s, grace: 30s}
  worker: {like: api, command: .venv/bin/python worker.py, handover: stop-first}
jobs:   {seed: {like: api, command: .venv/bin/python seed.py, when: before-traffic}}
tests:  ["pytest -q"]
stores: {db: {kind: postgres}, cache: {kind: redis}, files: {kind: s3}, scanner: {kind: container, image: clamav}}
smoke:  [{path: /, contains: Shop}]
rollout: {strategy: blue-green, keep: 3, rollback_window: 10m}
notify:  [{to: slack, secret: SLACK_URL, on: [failed, rolled-back]}]
environments:
  local:      {runtime: process, edge: {http: 8080}, services: {api: {replicas: 1}}}
  production: {runtime: docker, host: ssh://deploy@shop.example.com, edge: {https: 443}, approve: true}
"""
"""The file that shows the whole schema, with everything in it that cannot be run yet."""


def small(services: str = "", top: str = "", environments: str = "  local: {edge: {http: 8080}}\n") -> str:
    """A file that loads, with lines put in: keys of the service `web` from line 6 on, then whole sections."""
    return (
        "name: shop\nservices:\n  web:\n    command: serve ${PORT}\n    port: 8000\n"
        f"{services}{top}environments:\n{environments}"
    )


def findings(text: str) -> list[str]:
    """What the loader finds wrong, one line each; empty when the file loads."""
    try:
        parse_project(text, Path("/nowhere"))
    except ConfigurationError as error:
        return [str(finding) for finding in error.findings]
    return []


def stack(text: str, environment: str = "local") -> Stack:
    """One environment of a file that loads."""
    return parse_project(text, Path("/nowhere")).stack(environment)
