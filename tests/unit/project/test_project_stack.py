"""From the file to a stack: what is shared, what is merged, what is filled in."""

import json
from pathlib import Path

import pytest
from project_files import QUICKSTART, small, stack

from fairlead.errors import UsageError
from fairlead.project.project import parse_project
from fairlead.project.resolve import DEFAULT_STEPS
from fairlead.project.stack import (
    CanaryStep,
    Edge,
    Health,
    Job,
    Prepare,
    Rollout,
    Route,
    Service,
    Smoke,
    Stack,
    Stop,
    Watch,
    from_data,
    to_data,
)
from fairlead.project.stack_edge import Policies

BASIC = Policies({"X-Content-Type-Options": "nosniff"})

PREPARE = Prepare(("${PYTHON} -m venv .venv", ".venv/bin/pip install -r requirements.txt"), ("requirements.txt",))


def test_the_quickstart():
    web = Service(
        name="web",
        command=".venv/bin/uvicorn main:app --host 127.0.0.1 --port ${PORT}",
        source="app",
        prepare=PREPARE,
        port=8000,
        health=Health(ready="/health"),
        routes=(Route("/", policies=BASIC),),
        replicas=2,
        env={"GREETING": "hello"},
        stop=Stop(drain=2.0, grace=30.0),
    )
    worker = Service(
        name="worker",
        command=".venv/bin/python worker.py",
        source="app",
        prepare=PREPARE,
        env={"GREETING": "hello"},
        like="web",
    )
    seed = Job(
        name="seed",
        command=".venv/bin/python seed.py",
        source="app",
        prepare=PREPARE,
        env={"GREETING": "hello"},
        like="web",
    )
    rollout = Rollout(keep=3, rollback_window=600.0, watch=Watch(300.0))
    assert stack(QUICKSTART) == Stack(
        "quickstart", "local", services=(web, worker), jobs=(seed,), rollout=rollout, edge=Edge(8080)
    )


def test_a_stack_is_stored_and_read_back():
    one = stack(QUICKSTART)
    assert from_data(Stack, json.loads(json.dumps(to_data(one)))) == one


def test_the_same_file_gives_the_same_stack():
    assert to_data(stack(QUICKSTART)) == to_data(stack(QUICKSTART))
    assert json.dumps(to_data(stack(QUICKSTART))) == json.dumps(to_data(stack(QUICKSTART)))


def test_defaults():
    web = stack(small()).service("web")
    assert web.health == Health(None, None, 5.0, 0.5, 2, 60.0)  # no path: a TCP connection
    assert (web.routes, web.replicas, web.stop, web.needs) == ((), 1, Stop("SIGTERM", 10.0, 30.0), ())
    assert stack(small()).rollout == Rollout("blue-green", 3, 600.0, (), 1, 0, 0.0)


@pytest.mark.parametrize(
    ("rotate", "days"), [("{kind: jwt}", 90), ("{kind: jwt, every: 30d}", 30), ("{kind: plain}", None)]
)
def test_how_old_a_secret_may_get(rotate, days):
    spec = stack(small(top=f"secrets: {{KEY: {{generate: ed25519, rotate: {rotate}}}}}\n")).secrets[0]
    assert spec.rotate.every == (days and days * 86400.0)


def test_own_values_win_over_those_of_like():
    text = small(
        "    source: web\n    env: {A: web, B: web}\n    prepare: {run: [make]}\n    stop: {drain: 1s}\n"
        "  worker: {like: web, command: work, env: {B: own, C: own}}\n"
        "  other: {like: web, command: work, source: other, prepare: {run: [make other]}}\n",
        "jobs:\n  seed: {like: web, command: seed, env: {A: own}, source: seeds}\n",
    )
    one = stack(text)
    assert one.service("worker").env == {"A": "web", "B": "own", "C": "own"}
    assert one.service("worker").stop == Stop()  # not shared
    assert (one.service("other").source, one.service("other").prepare) == ("other", Prepare(("make other",)))
    assert (one.job("seed").env, one.job("seed").source) == ({"A": "own", "B": "web"}, "seeds")


def test_environment_values_are_handed_over_as_written():
    env = (
        stack(small("    env: {A: 3.10, B: 0x1F, C: true, D: False, E: 1e3, F: '', G: 'no', H: no}\n"))
        .service("web")
        .env
    )
    assert env == {"A": "3.10", "B": "0x1F", "C": "true", "D": "false", "E": "1e3", "F": "", "G": "no", "H": "no"}


def test_everything_that_is_built():
    text = small(
        "    health: {live: /live, ready: /ready?full=1, timeout: 500ms, interval: 1.5s, successes: 3, deadline: 2m}\n"
        "    routes: [{host: Shop.Example.com}, {path: /api}]\n    replicas: 2.0\n    needs: [worker]\n"
        "    source: ./a//b/\n    stop: {signal: SIGQUIT, drain: 0s, grace: 1h}\n"
        "  worker: {command: work, handover: overlap}\n",
        "jobs: {seed: {like: web, command: seed, when: after-traffic, timeout: 1d, needs: [web]}}\n"
        "tests: [pytest -q]\n"
        "smoke: [{path: /?q=1, host: a.b, status: 404, contains: ' ', header: {x-n: 1}, timeout: 1s}]\n"
        "rollout: {strategy: canary, steps: [{weight: 1}, {weight: 99, for: 30s}], keep: 5, rollback_window: 0s,\n"
        "  surge: 2, unavailable: 1, soak: 10s}\n",
        "  local: {edge: {http: 80, address: '::1'}}\n",
    )
    one = stack(text)
    web = one.service("web")
    assert web.health == Health("/live", "/ready?full=1", 0.5, 1.5, 3, 120.0)
    assert web.routes == (Route("/", "shop.example.com", policies=BASIC), Route("/api", policies=BASIC))
    assert (web.replicas, web.needs, web.source, web.stop) == (2, ("worker",), "a/b", Stop("SIGQUIT", 0.0, 3600.0))
    assert one.service("worker").handover == "overlap"
    assert one.job("seed") == Job("seed", "seed", "after-traffic", "a/b", None, {}, 86400.0, ("web",), "web")
    assert one.tests == ("pytest -q",)
    assert one.smoke == (Smoke("/?q=1", "a.b", 404, " ", {"x-n": "1"}, 1.0),)
    steps = (CanaryStep(1), CanaryStep(99, 30.0))
    assert one.rollout == Rollout("canary", 5, 0.0, steps, 2, 1, 10.0)
    assert one.edge == Edge(80, None, "::1")


def test_canary_alone_is_enough():
    assert stack(small("    routes: [/]\n", "rollout: {strategy: canary}\n")).rollout.steps == DEFAULT_STEPS
    assert [step.weight for step in DEFAULT_STEPS] == sorted({step.weight for step in DEFAULT_STEPS})


def test_a_folded_command_is_one_line():
    text = small().replace("serve ${PORT}", ">\n      serve\n      --port ${PORT}")
    assert stack(text).service("web").command == "serve --port ${PORT}"


BASE = small(
    "    health: /ready\n    env: {A: base, B: base}\n    routes: [/, /api]\n    stop: {drain: 1s, grace: 2s}\n"
    "  worker: {like: web, command: work}\n",
    "tests: [one, two]\nrollout: {strategy: canary, steps: [{weight: 5}]}\n",
    "  base: {edge: {http: 1}}\n  over:\n    edge: {http: 2}\n%s",
)


def over(lines: str) -> Stack:
    """The environment `over` with those lines in it; the one without an overlay must stay as it is."""
    project = parse_project(BASE % lines, Path("/nowhere"))
    assert project.stack("base") == stack(BASE % "", "base")
    return project.stack("over")


def test_mappings_merge_and_lists_and_values_are_replaced():
    one = over(
        "    services: {web: {env: {B: over, C: over}, routes: [/new], stop: {grace: 9s}}}\n    tests: [three]\n"
    )
    web = one.service("web")
    assert web.env == {"A": "base", "B": "over", "C": "over"}
    assert (web.routes, web.stop, one.tests) == (
        (Route("/new", policies=BASIC),),
        Stop("SIGTERM", 1.0, 9.0),
        ("three",),
    )
    assert one.service("worker").env == web.env  # `like` is filled in after the merge


def test_null_removes_a_key():
    one = over(
        "    services: {web: {env: {A: null}, routes: null}, worker: null}\n    tests: null\n"
        "    rollout: {strategy: rolling}\n"
    )
    assert (one.service("web").env, one.service("web").routes) == ({"B": "base"}, ())
    assert ([service.name for service in one.services], one.tests) == (["web"], ())


def test_what_is_new_comes_after_what_is_old():
    one = over("    services: {extra: {command: extra}}\n    jobs: {seed: {like: extra, command: seed}}\n")
    assert [service.name for service in one.services] == ["web", "worker", "extra"]
    assert [job.name for job in one.jobs] == ["seed"]


@pytest.mark.parametrize(
    ("written", "health"),
    [
        ("{timeout: 9s}", Health(ready="/ready", timeout=9.0)),
        ("/other", Health(ready="/other")),
        ("{ready: /other, live: /live}", Health(ready="/other", live="/live")),
        ("{ready: null}", Health()),
        ("null", Health()),
    ],
)
def test_short_health_merges_like_long_health(written, health):
    assert over(f"    services: {{web: {{health: {written}}}}}\n").service("web").health == health


def test_short_health_over_long_health():
    text = small("    health: {ready: /a, timeout: 9s}\n", environments="  local: {services: {web: {health: /b}}}\n")
    assert stack(text).service("web").health == Health(ready="/b", timeout=9.0)


def test_another_strategy_leaves_the_steps_of_the_base_unused():
    one = over("    rollout: {strategy: rolling}\n")
    assert one.rollout.strategy == "rolling"


def test_an_anchor_may_be_shared_by_environments():
    text = small(
        environments="  a: &a {edge: {http: 1}, services: {web: {replicas: 3}}}\n  b: {<<: *a, edge: {http: 2}}\n"
    )
    assert stack(text, "b").service("web").replicas == 3
    assert (stack(text, "a").edge.http, stack(text, "b").edge.http) == (1, 2)


def test_an_unknown_environment():
    project = parse_project(small(environments="  local: {}\n  production: {}\n"), Path("/nowhere"))
    with pytest.raises(UsageError) as caught:
        project.stack("prodction")
    assert caught.value.message == 'there is no environment "prodction"; did you mean "production"?'
    assert caught.value.hint == "fairlead.yaml has local, production"
