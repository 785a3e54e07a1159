"""Every message about the shape of the file, word for word: a wrong one is a wrong answer to a person."""

# ruff: noqa: E501 - messages stand on one line, as they are printed

import pytest
from project_files import findings, small

CASES = {
    "not a whole number": (
        small("    replicas: two\n"),
        [
            '6:5: services.web.replicas: expected a whole number ≥ 1, got "two"',
        ],
    ),
    "no number": (
        small("    replicas: 0\n"),
        [
            "6:5: services.web.replicas: expected a whole number ≥ 1, got 0",
        ],
    ),
    "null": (
        small("    replicas:\n"),
        [
            "6:5: services.web.replicas: expected a whole number ≥ 1, got nothing",
        ],
    ),
    "unknown key": (
        small("    comand: x\n"),
        [
            '6:5: services.web.comand: unknown key "comand"; did you mean "command"?',
        ],
    ),
    "unknown key, nothing near": (
        small("    zzz: x\n"),
        [
            '6:5: services.web.zzz: unknown key "zzz"',
        ],
    ),
    "unknown section": (
        small(top="service: {}\n"),
        [
            '6:1: service: unknown key "service"; did you mean "services"?',
        ],
    ),
    "missing command": (
        "name: shop\nservices:\n  web: {port: 1}\nenvironments:\n  local: {}\n",
        [
            '3:3: services.web: "command" is missing',
        ],
    ),
    "missing all": (
        "title: shop\n",
        [
            '1:1: "name" is missing; add, for example, name: shop',
            '1:1: "services" is missing; add at least one, for example services: {web: {source: ., command: ./serve, port: 8000}}',
            '1:1: "environments" is missing; add at least one, for example environments: {local: {runtime: process, edge: {http: 8080}}}',
            '1:1: title: unknown key "title"',
        ],
    ),
    "empty sections": (
        "name: shop\nservices: {}\nenvironments: {}\n",
        [
            "2:1: services: empty; add at least one, for example services: {web: {source: ., command: ./serve, port: 8000}}",
            "3:1: environments: empty; add at least one, for example environments: {local: {runtime: process, edge: {http: 8080}}}",
        ],
    ),
    "project name": (
        "name: My Shop\nservices: {web: {command: x}}\nenvironments: {local: {}}\n",
        [
            '1:1: name: expected a name such as shop (a to z, 0 to 9 and -, at most 40 characters), got "My Shop"',
        ],
    ),
    "names": (
        "name: shop\nservices: {Web: {command: x}}\njobs: {-a: {command: x, source: .}}\nenvironments: {my_env: {}}\n",
        [
            '2:12: services.Web: expected a name such as shop (a to z, 0 to 9 and -, at most 40 characters), got "Web"',
            '3:8: jobs.-a: expected a name such as shop (a to z, 0 to 9 and -, at most 40 characters), got "-a"',
            '4:16: environments.my_env: expected a name such as shop (a to z, 0 to 9 and -, at most 40 characters), got "my_env"',
        ],
    ),
    "long name": (
        f"name: {'a' * 41}\nservices: {{web: {{command: x}}}}\nenvironments: {{local: {{}}}}\n",
        [
            '1:1: name: expected a name such as shop (a to z, 0 to 9 and -, at most 40 characters), got "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
        ],
    ),
    "wrong containers": (
        small("    routes: /\n    env: [A=b]\n    stop: 5s\n    health: 5\n"),
        [
            '6:5: services.web.routes: expected a list, got "/"',
            "7:5: services.web.env: expected a mapping, got a list",
            '8:5: services.web.stop: expected a mapping, got "5s"',
            "9:5: services.web.health: expected a path such as /health, or a mapping, got 5",
        ],
    ),
    "port": (
        small("    port: 65536\n").replace("    port: 8000\n", ""),
        [
            "5:5: services.web.port: expected a whole number from 1 to 65535, got 65536",
        ],
    ),
    "command": (
        "name: shop\nservices:\n  a: {command: ''}\n  b: {command: \"echo 'x\"}\n  c: {command: [a, b]}\n  d:\n    command: |\n      one\n      two\n  e: {command: '\"\"'}\n  f: {command: 5}\nenvironments: {local: {}}\n",
        [
            '3:7: services.a.command: expected a command on one line, got ""',
            "4:7: services.b.command: not readable as a command line: no closing quotation",
            "5:7: services.c.command: expected a command on one line, got a list",
            '7:5: services.d.command: expected a command on one line, got "one\\ntwo\\n"',
            "10:7: services.e.command: the command line names no program",
            "11:7: services.f.command: expected a command on one line, got 5",
        ],
    ),
    "source": (
        "name: shop\nservices:\n  a: {command: x, source: /srv}\n  b: {command: x, source: ../b}\n  c: {command: x, source: a/../../c}\n  d: {command: x, source: ''}\nenvironments: {local: {}}\n",
        [
            '3:19: services.a.source: expected a relative path inside the project, without .., got "/srv"',
            '4:19: services.b.source: expected a relative path inside the project, without .., got "../b"',
            '5:19: services.c.source: expected a relative path inside the project, without .., got "a/../../c"',
            '6:19: services.d.source: expected a relative path inside the project, without .., got ""',
        ],
    ),
    "prepare": (
        small("    prepare: {run: [], inputs: [/etc/passwd]}\n    source: .\n"),
        [
            "6:15: services.web.prepare.run: empty; add one",
            '6:33: services.web.prepare.inputs[0]: expected a relative path inside the project, without .., got "/etc/passwd"',
        ],
    ),
    "health": (
        small("    health: {ready: health, timeout: 5, interval: soon, successes: 1.5, deadline: -1s}\n"),
        [
            '6:14: services.web.health.ready: expected a path such as /health, which starts with / and needs no escaping, got "health"',
            "6:29: services.web.health.timeout: expected a duration such as 500ms, 10s, 5m, 2h or 30d, got 5",
            '6:41: services.web.health.interval: expected a duration such as 500ms, 10s, 5m, 2h or 30d, got "soon"',
            "6:57: services.web.health.successes: expected a whole number from 1 to 100, got 1.5",
            '6:73: services.web.health.deadline: expected a duration such as 500ms, 10s, 5m, 2h or 30d, got "-1s"',
        ],
    ),
    "routes": (
        small(
            "    routes: ['/{{.}}', {path: '/`x`'}, {host: '{{ env }}'}, {host: 'a_b', path: api}, {host: 'shop.example.com:80'}]\n"
        ),
        [
            '6:14: services.web.routes[0]: expected a path such as /api, which starts with / and needs no escaping, got "/{{.}}"',
            '6:25: services.web.routes[1].path: expected a path such as /api, which starts with / and needs no escaping, got "/`x`"',
            '6:41: services.web.routes[2].host: expected a host name such as shop.example.com, got "{{ env }}"',
            '6:62: services.web.routes[3].host: expected a host name such as shop.example.com, got "a_b"',
            '6:75: services.web.routes[3].path: expected a path such as /api, which starts with / and needs no escaping, got "api"',
            '6:88: services.web.routes[4].host: expected a host name such as shop.example.com, got "shop.example.com:80"',
        ],
    ),
    "stop": (
        small("    stop: {signal: SIGTREM, drain: 10}\n"),
        [
            '6:12: services.web.stop.signal: expected one of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 or SIGWINCH, got "SIGTREM"; did you mean "SIGTERM"?',
            "6:29: services.web.stop.drain: expected a duration such as 500ms, 10s, 5m, 2h or 30d, got 10",
        ],
    ),
    "signal that cannot be caught": (
        small("    stop: {signal: SIGKILL}\n"),
        [
            '6:12: services.web.stop.signal: expected one of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 or SIGWINCH, got "SIGKILL"',
        ],
    ),
    "handover": (
        small("    handover: stopfirst\n"),
        [
            '6:5: services.web.handover: expected stop-first or overlap, got "stopfirst"; did you mean "stop-first"?',
        ],
    ),
    "env": (
        small("    env: {a-b: x, A: null, B: [1], C: {}}\n"),
        [
            '6:11: services.web.env.a-b: expected a variable name such as LOG_LEVEL, got "a-b"',
            "6:19: services.web.env.A: expected text, a number, true or false, got nothing",
            "6:28: services.web.env.B: expected text, a number, true or false, got a list",
            "6:36: services.web.env.C: expected text, a number, true or false, got a mapping",
        ],
    ),
    "jobs": (
        small(top="jobs:\n  seed: {like: web, when: before_traffic, timeout: never}\n"),
        [
            '7:3: jobs.seed: "command" is missing',
            '7:21: jobs.seed.when: expected before-traffic or after-traffic, got "before_traffic"; did you mean "before-traffic"?',
            '7:43: jobs.seed.timeout: expected a duration such as 500ms, 10s, 5m, 2h or 30d, got "never"',
        ],
    ),
    "tests": (
        small(top="tests: [5, '', 'pytest -q']\n"),
        [
            "6:9: tests[0]: expected a command on one line, got 5",
            '6:12: tests[1]: expected a command on one line, got ""',
        ],
    ),
    "smoke": (
        small(top="smoke: [{path: x}, {status: 99}, {path: /, header: {'a b': x}, contains: ''}]\n"),
        [
            '6:10: smoke[0].path: expected a path such as /health, which starts with / and needs no escaping, got "x"',
            '6:20: smoke[1]: "path" is missing',
            "6:21: smoke[1].status: expected a whole number from 100 to 599, got 99",
            '6:53: smoke[2].header.a b: expected the name of a header such as content-type, got "a b"',
            '6:64: smoke[2].contains: expected text that is not empty, got ""',
        ],
    ),
    "rollout": (
        small(top="rollout: {strategy: bluegreen, keep: 0, soak: 1w, surge: -1, unavailable: one}\n"),
        [
            '6:11: rollout.strategy: expected one of rolling, blue-green or canary, got "bluegreen"; did you mean "blue-green"?',
            "6:32: rollout.keep: expected a whole number from 1 to 100, got 0",
            '6:41: rollout.soak: expected a duration such as 500ms, 10s, 5m, 2h or 30d, got "1w"',
            "6:51: rollout.surge: expected a whole number from 0 to 100, got -1",
            '6:62: rollout.unavailable: expected a whole number from 0 to 100, got "one"',
        ],
    ),
    "steps": (
        small(
            "    routes: [/]\n",
            "rollout:\n  strategy: canary\n  steps: [{weight: 0}, {weight: 100, for: 2}, {for: 1m}, 5]\n",
        ),
        [
            "9:12: rollout.steps[0].weight: expected a whole number from 1 to 99, got 0",
            "9:25: rollout.steps[1].weight: expected a whole number from 1 to 99, got 100",
            "9:38: rollout.steps[1].for: expected a duration such as 500ms, 10s, 5m, 2h or 30d, got 2",
            '9:47: rollout.steps[2]: "weight" is missing',
            "9:58: rollout.steps[3]: expected a mapping, got 5",
        ],
    ),
    "edge": (
        small(
            environments="  local: {edge: {http: 0, address: 1.2.3}}\n  two: {edge: {http: 80, address: '1::2::3'}}\n  three: {edge: 80}\n  four:\n"
        ),
        [
            "7:18: environments.local.edge.http: expected a whole number from 1 to 65535, got 0",
            '7:27: environments.local.edge.address: expected an IP address such as 127.0.0.1, or localhost, got "1.2.3"',
            '8:26: environments.two.edge.address: "1::2::3" is not an IPv6 address',
            "9:11: environments.three.edge: expected a mapping, got 80",
            "10:3: environments.four: expected a mapping, got nothing",
        ],
    ),
    "runtime": (
        small(environments="  local: {runtime: proces}\n"),
        [
            '7:11: environments.local.runtime: expected one of process, docker or kubernetes, got "proces"; did you mean "process"?',
        ],
    ),
    "host": (
        small(environments="  local: {host: deploy@shop}\n"),
        [
            '7:11: environments.local.host: expected an address such as ssh://deploy@shop.example.com:22, or a name of ~/.ssh/config, got "deploy@shop"',
        ],
    ),
    "too many environments": (
        small(environments="".join(f"  e{i}: {{}}\n" for i in range(51))),
        [
            "6:1: environments: at most 50 entries, got 51",
        ],
    ),
    "variables": (
        small(top="variables: {A: {type: enumm}, b c: {}}\n"),
        [
            '6:17: variables.A.type: expected one of url, port, int, bool, duration, size, e-mail, hex, base64, json, enum or regex, got "enumm"; did you mean "enum"?',
            '6:31: variables.b c: expected a variable name such as LOG_LEVEL, got "b c"',
        ],
    ),
    "secrets": (
        small(top="secrets: {A: {generate: {kind: hexx, length: 1}}}\n"),
        [
            '6:26: secrets.A.generate.kind: expected one of password, hex, base64, jwt-hs256, rsa, ed25519 or uuid, got "hexx"; did you mean "hex"?',
            "6:38: secrets.A.generate.length: expected a whole number from 8 to 8192, got 1",
        ],
    ),
    "service, in a container": (
        small(
            "    build: {}\n    networks: backend\n    uses: [DB]\n    secrets: [{as: file}]\n    resources: {cpu: 0, memory: 2GB}\n"
        ),
        [
            '6:5: services.web.build: "context" is missing',
            '7:5: services.web.networks: expected a list, got "backend"',
            '8:12: services.web.uses[0]: expected a store or store.database, got "DB"',
            '9:15: services.web.secrets[0]: "name" is missing',
            "10:17: services.web.resources.cpu: expected a number of processors such as 0.5 or 2, or off, got 0",
            '10:25: services.web.resources.memory: expected a size such as 512M or 2G, or off, got "2GB"',
        ],
    ),
    "stores": (
        small(top="stores: {db: {kind: mysql, databases: {shop: {used_by: {web: all}}}}}\n"),
        [
            '6:15: stores.db.kind: expected one of postgres, redis, s3 or container, got "mysql"',
            '6:57: stores.db.databases.shop.used_by.web: expected ro or rw, got "all"',
        ],
    ),
    "notify": (
        small(top="notify: [{to: slak, secret: SLACK_URL, on: [fail]}]\n"),
        [
            '6:11: notify[0].to: expected one of slack, discord, e-mail, pagerduty, telegram or webhook, got "slak"; did you mean "slack"?',
            '6:45: notify[0].on[0]: expected one of started, waiting, promoted, failed, rolled-back, recovered or rotation-due, got "fail"; did you mean "failed"?',
        ],
    ),
    "judge": (
        small(
            "    routes: [/]\n",
            "rollout:\n  judge:\n    errors: {tolerate: 0.9}\n    latency: 350ms\n    alpha: 0.5\n"
            "    promote: {errors_below: 0%, confidence: 100%}\n    probes: {rate: 100/s, requests: [/]}\n"
            "    insufficient: wait\n    hold_for: 30\n",
        ),
        [
            "9:14: rollout.judge.errors.tolerate: expected a ratio from 1 to 10, such as 1.5, got 0.9",
            "10:5: rollout.judge.latency: the edge does not count answers over 350ms; the nearest that it does are 300ms and 400ms",
            "11:5: rollout.judge.alpha: expected a probability from 0.0001 to 0.2, such as 0.01, got 0.5",
            '12:15: rollout.judge.promote.errors_below: expected a percentage above 0%, up to 50%, such as 2%, got "0%"',
            '12:33: rollout.judge.promote.confidence: expected a percentage from 50% to 99.999%, such as 95%, got "100%"',
            '13:14: rollout.judge.probes.rate: expected a rate such as 10/m (up to 99/s, 9999/m or 99999/h), or off, got "100/s"',
            '13:38: rollout.judge.probes.requests[0]: expected a mapping, got "/"',
            '14:5: rollout.judge.insufficient: expected one of hold, extend, promote-if-probes-pass or abort, got "wait"',
            "15:5: rollout.judge.hold_for: expected a duration such as 500ms, 10s, 5m, 2h or 30d, got 30",
        ],
    ),
    "judge, short forms": (
        small("    routes: [/]\n", "rollout: {judge: {latency: fast, probes: often}, watch: [5m]}\n"),
        [
            '7:19: rollout.judge.latency: expected a duration such as 300ms, or off, got "fast"',
            '7:34: rollout.judge.probes: expected a rate such as 10/m (up to 99/s, 9999/m or 99999/h), or off, got "often"',
            "7:50: rollout.watch: expected a duration such as 5m, off, or a mapping, got a list",
        ],
    ),
    "what comes before and after": (
        small(
            "    routes: [/]\n",
            "rollout: {watch: {for: on, rollback: 1}, shadow: {percent: 0, for: 0s}, sticky: on, approve: later}\n",
        ),
        [
            '7:19: rollout.watch.for: expected a duration such as 5m, or off, got "on"',
            "7:28: rollout.watch.rollback: expected true or false, got 1",
            "7:51: rollout.shadow.percent: expected a number above 0, up to 100, got 0",
            '7:63: rollout.shadow.for: expected a duration above 0, such as 1m, got "0s"',
            '7:73: rollout.sticky: expected cookie or off, got "on"',
            '7:85: rollout.approve: expected true or false, got "later"',
        ],
    ),
    "pause": (
        small("    routes: [/]\n", "rollout: {strategy: canary, steps: [{weight: 5, pause: 1m}]}\n"),
        [
            '7:49: rollout.steps[0].pause: expected approve, got "1m"',
        ],
    ),
    "several at once, in order": (
        small(
            "    replicas: two\n    comand: x\n",
            top="rollout: {strategie: canary}\n",
            environments="  local: {edge: {http: none}}\n",
        ),
        [
            '6:5: services.web.replicas: expected a whole number ≥ 1, got "two"',
            '7:5: services.web.comand: unknown key "comand"; did you mean "command"?',
            '8:11: rollout.strategie: unknown key "strategie"; did you mean "strategy"?',
            '10:18: environments.local.edge.http: expected a whole number from 1 to 65535, got "none"',
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_shape_is_named_where_it_is(case):
    text, expected = CASES[case]
    assert findings(text) == [f"fairlead.yaml:{line}" for line in expected]
