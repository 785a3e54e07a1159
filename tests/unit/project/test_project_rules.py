"""Every rule between values, and what an overlay may do to it; messages word for word, places exact."""

# ruff: noqa: E501 - messages stand on one line, as they are printed

import pytest
from project_files import findings, small

JOBS = "jobs:\n  seed: {like: web, command: seed}\n"

CASES = {
    "url of a store, unknown name": (
        small(top='secrets: {DATABASE_URL: {}}\nstores: {db: {kind: postgres, url: "${DATABASE_URI}"}}\n'),
        [
            '7:31: stores.db.url: ${DATABASE_URI} has no value here; did you mean "DATABASE_URL"?',
        ],
    ),
    "url of a store, no name": (
        small(top='stores: {db: {kind: postgres, url: "${}"}}\n'),
        [
            "6:31: stores.db.url: ${} is not a name in braces; write $${ for a literal ${",
        ],
    ),
    "the server itself, of one that Fairlead runs": (
        small(top='stores: {db: {kind: postgres, direct_url: "postgres://${NAME}@h/x"}}\n'),
        [
            "6:31: stores.db.direct_url: direct_url goes with a url, which is what services are given",
            "6:31: stores.db.direct_url: ${NAME} has no value here; declare it under secrets",
        ],
    ),
    "schema that moves in two ways": (
        small(top="stores: {db: {kind: postgres, databases: {a: {migrations: db, migrator: alembic upgrade head}}}}\n"),
        [
            "6:63: stores.db.databases.a.migrator: line 6 names migrations too; keep one of the two",
        ],
    ),
    "settings of migrations that are not there": (
        small(top="stores: {db: {kind: postgres, databases: {a: {migrate: {schema: app}, contract: db}}}}\n"),
        [
            "6:47: stores.db.databases.a.migrate: migrate goes with migrations, which this database has not",
            "6:71: stores.db.databases.a.contract: contract goes with migrations, which this database has not",
        ],
    ),
    "name of a folder, project": (
        small().replace("name: shop", "name: crashes"),
        [
            '1:1: name: "crashes" is a folder of Fairlead\'s own; choose another name',
        ],
    ),
    "name of a folder, environment": (
        small(environments="  artifacts: {edge: {http: 8080}}\n"),
        [
            '7:3: environments.artifacts: "artifacts" is a folder of Fairlead\'s own; choose another name',
        ],
    ),
    "name of a folder, where the project's own authority lies": (
        small(environments="  ca: {edge: {http: 8080}}\n"),
        [
            '7:3: environments.ca: "ca" is a folder of Fairlead\'s own; choose another name',
        ],
    ),
    "name of a container of the edge": (
        small(top="stores: {edge: {kind: redis}, edge-retired-1: {kind: redis}, edges: {kind: redis}}\n"),
        [
            '6:10: stores.edge: "edge" is what a container of the edge is called; choose another name',
            '6:31: stores.edge-retired-1: "edge-retired-1" is what a container of the edge is called; choose another name',
        ],
    ),
    "like, missing": (
        small(top="jobs: {seed: {like: webb, command: x}}\n"),
        [
            '6:15: jobs.seed.like: there is no service "webb"; did you mean "web"?',
        ],
    ),
    "like, itself": (
        small("    like: web\n"),
        [
            "6:5: services.web.like: a service cannot be like itself",
        ],
    ),
    "like, chain": (
        small("  b: {like: web, command: x}\n  c: {like: b, command: x}\n"),
        [
            '7:7: services.c.like: "b" is itself like another service; name "web" instead',
        ],
    ),
    "like, circle": (
        small("    like: b\n  b: {like: web, command: x}\n"),
        [
            '6:5: services.web.like: "b" is itself like another service',
            '7:7: services.b.like: "web" is itself like another service',
        ],
    ),
    "needs, missing": (
        small("    needs: [api]\n  apis: {command: x}\n"),
        [
            '6:13: services.web.needs[0]: there is no service "api"; did you mean "apis"?',
        ],
    ),
    "needs, a job": (
        small("    needs: [seed]\n", top=JOBS),
        [
            '6:13: services.web.needs[0]: there is no service "seed"',
        ],
    ),
    "needs, itself": (
        small("    needs: [web]\n"),
        [
            "6:13: services.web.needs[0]: a circle: web needs web",
        ],
    ),
    "needs, circle": (
        small("    needs: [b]\n  b: {command: x, needs: [c]}\n  c: {command: x, needs: [web]}\n"),
        [
            "8:27: services.c.needs[0]: a circle: web needs b needs c needs web",
        ],
    ),
    "needs, circle of jobs": (
        small(top="jobs:\n  a: {like: web, command: x, needs: [b, web]}\n  b: {like: web, command: x, needs: [a]}\n"),
        [
            "8:38: jobs.b.needs[0]: a circle: a needs b needs a",
        ],
    ),
    "needs, a worker that starts after the job": (
        small(
            "  clock: {command: x}\n  mailer: {command: x, handover: overlap}\n",
            top="jobs:\n  seed: {like: web, command: x, needs: [web, mailer, clock]}\n  late: {like: web, command: x, when: after-traffic, needs: [clock, seed]}\n",
        ),
        [
            '9:54: jobs.seed.needs[2]: "clock" starts when traffic switches, after this job; give "clock" handover: overlap, or this job when: after-traffic',
        ],
    ),
    "needs, a later job": (
        small(
            top=JOBS
            + "  first: {like: web, command: x, needs: [late]}\n  late: {like: web, command: x, when: after-traffic}\n"
        ),
        [
            '8:42: jobs.first.needs[0]: "late" runs after traffic, and this job before; give both the same when',
        ],
    ),
    "one name": (
        small(top="jobs: {web: {like: web, command: x}}\n"),
        [
            '6:8: jobs.web: "web" names a service and a job; rename one',
        ],
    ),
    "one name, of a store too": (
        small(
            top="stores: {web: {kind: redis}, out: {kind: redis, url: redis://x}}\njobs: {out: {like: web, command: x}}\n"
        ),
        [
            '6:10: stores.web: "web" names a service and a store; rename one',
        ],
    ),
    "routes without port": (
        small("  b: {command: x, routes: [/b], health: /h}\n  c: {command: x, health: {live: /l, ready: /r}}\n"),
        [
            "6:19: services.b.routes: routes need a port; add port, or remove routes",
            "6:33: services.b.health: a health path needs a port; add port, or remove health",
            "7:28: services.c.health.live: a health path needs a port; add port, or remove health",
            "7:38: services.c.health.ready: a health path needs a port; add port, or remove health",
        ],
    ),
    "engine asks nowhere": (
        small("  b: {command: x, port: 1, health: {engine: http}}\n"),
        [
            "6:37: services.b.health.engine: http asks the path of ready; add ready, or give a command",
        ],
    ),
    "same route": (
        small(
            "    routes: [/, /api]\n  b: {command: x, port: 1, routes: [{path: /api/}, {host: a.b}]}\n  c: {command: x, port: 1, routes: [{host: A.b, path: /}, /c, /c]}\n"
        ),
        [
            '7:37: services.b.routes[0]: service "web" has the same route, /api, on line 6',
            '8:37: services.c.routes[0]: service "b" has the same route, a.b/, on line 7',
            "8:63: services.c.routes[2]: the route /c stands twice, also on line 8",
        ],
    ),
    "job without files": (
        small(top="jobs: {seed: {command: x}}\n"),
        [
            "6:8: jobs.seed: a job needs like (a service, whose files it runs in) or source",
        ],
    ),
    "inputs without source": (
        small("    prepare: {run: [make], inputs: [a]}\n"),
        [
            "6:28: services.web.prepare.inputs: inputs are files of the source, and there is no source",
        ],
    ),
    "names in braces": (
        small(
            "    env: {A: '${PROT}', B: '${HOSTNAME}', C: '${', D: '${1}', E: '${A:-b}', F: '$${X} $host ${PROJECT}'}\n    prepare: {run: ['${PYTHON} ${RELEASE}']}\n  b: {command: 'x ${PORT} ${INSTANCE}'}\n",
            top="jobs: {seed: {like: web, command: 'x ${INSTANCE}'}}\ntests: ['${PYTHON} ${ENVIRONMENT}']\n",
        ),
        [
            '6:11: services.web.env.A: ${PROT} has no value here; did you mean "PORT"?',
            "6:25: services.web.env.B: ${HOSTNAME} has no value here; use one of ENVIRONMENT, FAIRLEAD, FILES, INSTANCE, PORT, PROJECT, PYTHON, RELEASE, SECRETS",
            "6:43: services.web.env.C: ${ is not closed; write $${ for a literal ${",
            "6:52: services.web.env.D: ${1} is not a name in braces; write $${ for a literal ${",
            "6:63: services.web.env.E: ${A:-b} is not a name in braces; write $${ for a literal ${",
            "7:21: services.web.prepare.run[0]: ${RELEASE} has no value here; use one of FAIRLEAD, PYTHON",
            "8:7: services.b.command: ${PORT} has no value here; the service has no port",
            "9:26: jobs.seed.command: ${INSTANCE} has no value here; use one of ENVIRONMENT, FAIRLEAD, FILES, PROJECT, PYTHON, RELEASE, SECRETS",
            "10:9: tests[0]: ${ENVIRONMENT} has no value here; use one of FAIRLEAD, PYTHON",
        ],
    ),
    "a name that the heir has not": (
        small(
            "    env: {URL: 'http://x:${PORT}'}\n  b: {like: web, command: x}\n  c: {like: web, command: x, env: {URL: none}}\n"
        ),
        [
            '7:7: services.b.like: env URL of "web" uses ${PORT}, which has no value here; set URL in env',
        ],
    ),
    "steps without canary": (
        small(top="rollout: {steps: [{weight: 5}]}\n"),
        [
            "6:11: rollout.steps: steps belong to the strategy canary, and strategy is blue-green, the default",
        ],
    ),
    "steps with rolling": (
        small(top="rollout: {strategy: rolling, steps: [{weight: 5}]}\n"),
        [
            "6:30: rollout.steps: steps belong to the strategy canary, and strategy is rolling",
        ],
    ),
    "weights": (
        small(
            "    routes: [/]\n",
            "rollout: {strategy: canary, steps: [{weight: 5}, {weight: 5}, {weight: 4}, {weight: 10}]}\n",
        ),
        [
            "7:51: rollout.steps[1].weight: the weight must be greater than 5, the one before",
            "7:64: rollout.steps[2].weight: the weight must be greater than 5, the one before",
        ],
    ),
    "no room": (
        small(top="rollout: {strategy: rolling, surge: 0}\n"),
        [
            "6:30: rollout.surge: with surge and unavailable 0 no instance can be replaced; raise one",
        ],
    ),
    "no edge": (
        small("    routes: [/]\n", environments="  local: {}\n"),
        [
            "8:3: environments.local: no edge for the routes on line 6; add edge: {http: 8080}",
        ],
    ),
    "no edge for smoke": (
        small(top="smoke: [{path: /}]\n", environments="  local: {}\n"),
        [
            "8:3: environments.local: no edge for smoke; add edge: {http: 8080}",
        ],
    ),
    "overlay, shape": (
        small(environments="  local: {edge: {http: 1}, services: {web: {replicas: two, comand: x, port: null}}}\n"),
        [
            '7:45: environments.local.services.web.replicas: expected a whole number ≥ 1, got "two"',
            '7:60: environments.local.services.web.comand: unknown key "comand"; did you mean "command"?',
            "7:71: environments.local.services.web.port: ${PORT} has no value here; the service has no port",
        ],
    ),
    "overlay, null of nothing": (
        small(
            environments="  local: {services: {web: {routes: null, comand: null}, b: null, B: null}, jobs: null, tests: null}\n"
        ),
        [
            '7:28: environments.local.services.web.routes: null removes a key, and there is no "routes" in the base',
            '7:42: environments.local.services.web.comand: unknown key "comand"; did you mean "command"?',
            '7:57: environments.local.services.b: null removes a key, and there is no "b" in the base',
            '7:66: environments.local.services.B: expected a name such as shop (a to z, 0 to 9 and -, at most 40 characters), got "B"',
            '7:76: environments.local.jobs: null removes a key, and there is no "jobs" in the base',
            '7:88: environments.local.tests: null removes a key, and there is no "tests" in the base',
        ],
    ),
    "overlay, required": (
        small(environments="  local: {services: {web: {command: null}}}\n"),
        [
            '7:28: environments.local.services.web.command: "command" is required and cannot be removed',
        ],
    ),
    "overlay, nothing left": (
        small(environments="  local: {services: {web: null}}\n  two: {services: null}\n"),
        [
            "7:22: environments.local.services.web: nothing is left in services",
            '8:9: environments.two.services: "services" is required and cannot be removed',
        ],
    ),
    "overlay, new and incomplete": (
        small(environments="  local: {services: {b: {port: 1}}}\n"),
        [
            '7:22: environments.local.services.b: "command" is missing',
        ],
    ),
    "overlay, port taken": (
        small(
            "    routes: [/]\n    health: /h\n",
            environments="  local: {edge: {http: 1}, services: {web: {port: null}}}\n",
        ),
        [
            "9:45: environments.local.services.web.port: routes need a port; add port, or remove routes",
            "9:45: environments.local.services.web.port: a health path needs a port; add port, or remove health",
            "9:45: environments.local.services.web.port: ${PORT} has no value here; the service has no port",
        ],
    ),
    "overlay, used variable taken": (
        small(
            '    env: {A: "${LEVEL}"}\n',
            top="variables: {LEVEL: info}\n",
            environments="  local: {variables: {LEVEL: null}}\n",
        ),
        [
            '9:23: environments.local.variables.LEVEL: "LEVEL" is removed here and still used on line 6',
        ],
    ),
    "overlay, needed service taken": (
        small("    needs: [b]\n  b: {command: x}\n", environments="  local: {services: {b: null}}\n"),
        [
            '9:22: environments.local.services.b: "b" is removed here and still named on line 6',
        ],
    ),
    "overlay, liked service taken": (
        small("  b: {like: web, command: x}\n", environments="  local: {services: {web: null}}\n"),
        [
            '8:22: environments.local.services.web: "web" is removed here and still named on line 6',
        ],
    ),
    "overlay, same route": (
        small(
            "    routes: [/]\n  b: {command: x, port: 1, routes: [/b]}\n",
            environments="  local: {edge: {http: 1}, services: {b: {routes: [/]}}}\n  two: {edge: {http: 1}, services: {web: {routes: [/b]}}}\n",
        ),
        [
            '9:52: environments.local.services.b.routes[0]: service "web" has the same route, /, on line 6',
            '10:52: environments.two.services.web.routes[0]: service "b" has the same route, /b, on line 7',
        ],
    ),
    "overlay, circle": (
        small("    needs: [b]\n  b: {command: x}\n", environments="  local: {services: {b: {needs: [web]}}}\n"),
        [
            "9:34: environments.local.services.b.needs[0]: a circle: web needs b needs web",
        ],
    ),
    "overlay, a worker that starts after the job": (
        small(
            "  clock: {command: x, handover: overlap}\n  api: {command: x, port: 1}\n",
            top="jobs:\n  seed: {like: web, command: x, needs: [clock, api]}\n",
            environments="  a: {services: {clock: {handover: stop-first}}}\n  b: {services: {api: {port: null}}}\n  c: {jobs: {seed: {when: after-traffic}}, services: {clock: {handover: null}}}\n",
        ),
        [
            '11:26: environments.a.services.clock.handover: "clock" starts when traffic switches, after this job; give "clock" handover: overlap, or this job when: after-traffic',
            '12:24: environments.b.services.api.port: "api" starts when traffic switches, after this job; give "api" handover: overlap, or this job when: after-traffic',
        ],
    ),
    "overlay, steps": (
        small(
            top="rollout: {strategy: canary, steps: [{weight: 5}]}\n",
            environments="  a: {rollout: {strategy: rolling}}\n  b: {rollout: {strategy: rolling, steps: [{weight: 6}]}}\n",
        ),
        [
            "9:36: environments.b.rollout.steps: steps belong to the strategy canary, and strategy is rolling",
        ],
    ),
    "sticky without canary": (
        small("    routes: [/]\n", "rollout: {sticky: cookie}\n"),
        [
            "7:11: rollout.sticky: cookie belongs to the strategy canary, and strategy is blue-green, the default",
        ],
    ),
    "shadow with rolling": (
        small("    routes: [/]\n", "rollout: {strategy: rolling, shadow: {percent: 1, for: 1m}}\n"),
        [
            "7:30: rollout.shadow: a shadow needs the whole new release beside the old one, and strategy is rolling; choose blue-green or canary",
        ],
    ),
    "overlay, sticky and shadow": (
        small(
            "    routes: [/]\n",
            "rollout: {strategy: canary, sticky: cookie, shadow: {percent: 1, for: 1m}}\n",
            "  a: {edge: {http: 1}, rollout: {strategy: rolling}}\n  b: {edge: {http: 1}, rollout: {strategy: blue-green, sticky: cookie}}\n",
        ),
        [
            "10:56: environments.b.rollout.sticky: cookie belongs to the strategy canary, and strategy is blue-green",
        ],
    ),
    "nothing to start": (
        small(
            "  b: {port: 1}\n  c: {like: web}\n  d: {image: x}\n  e: {like: d}\n",
            environments="  a: {services: {web: {command: null}}}\n",
        ),
        [
            '6:3: services.b: "command" is missing',
            '7:3: services.c: "command" is missing',
            '11:24: environments.a.services.web.command: "command" is required and cannot be removed',
        ],
    ),
    "secrets": (
        small(
            "    secrets: [KEY, KEYY, {name: MAIL, as: env}]\n    env: {A: '${KEY}', B: '${URL}'}\n    build: {context: x, secrets: [NPM]}\n",
            "variables: {URL: {secret: true, default: x}, KEY: {}}\nsecrets: {KEY: {}}\njobs: {seed: {like: web, command: 'x ${URL}', secrets: [NO]}}\n",
        ),
        [
            '6:20: services.web.secrets[1]: there is no secret "KEYY"; did you mean "KEY"?',
            '6:27: services.web.secrets[2].name: there is no secret "MAIL"; declare it under secrets',
            "7:11: services.web.env.A: ${KEY} is secret, and what stands here can be read by others; list it under the secrets of the service, which then reads it from the file that NAME_FILE names",
            "7:24: services.web.env.B: ${URL} is secret, and what stands here can be read by others; list it under the secrets of the service, which then reads it from the file that NAME_FILE names",
            '8:35: services.web.build.secrets[0]: there is no secret "NPM"; declare it under secrets',
            "9:33: variables.URL.default: a secret has no value in this file; use `fairlead secrets set`",
            '10:11: secrets.KEY: "KEY" names a secret and, on line 9, a variable; keep one of them',
            "11:26: jobs.seed.command: ${URL} is secret, and what stands here can be read by others; list it under the secrets of the service, which then reads it from the file that NAME_FILE names",
            '11:57: jobs.seed.secrets[0]: there is no secret "NO"; declare it under secrets',
        ],
    ),
    "folder of a volume, not whole": (
        small(top="volumes: {uploads: {path: srv/uploads}}\n"),
        [
            '6:21: volumes.uploads.path: expected a folder by its whole path such as /srv/uploads, got "srv/uploads"',
        ],
    ),
    "folder of a volume, another one's too": (
        small(top="volumes: {a: {path: /srv/a}, b: {path: /srv/a/in/}, c: {path: /srv/ab}}\n"),
        [
            '6:34: volumes.b.path: volume "a" has this folder, or one that it lies in or has in it; a restore of one would replace the other: name it once',
        ],
    ),
    "overlay, the base is wrong": (
        small(
            "    replicas: two\n", environments="  a: {services: {web: {port: 1}}}\n  b: {services: {web: {port: 2}}}\n"
        ),
        [
            '6:5: services.web.replicas: expected a whole number ≥ 1, got "two"',
        ],
    ),
    "overlay, like chain": (
        small(
            "  b: {command: x}\n  c: {like: b, command: x}\n", environments="  local: {services: {b: {like: web}}}\n"
        ),
        [
            '9:26: environments.local.services.b.like: "b" is itself like another service',
        ],
    ),
    "overlay, of an unknown section": (
        small(environments="  local: {name: x, service: {}}\n"),
        [
            '7:11: environments.local.name: unknown key "name"',
            '7:20: environments.local.service: unknown key "service"; did you mean "services"?',
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_values_that_do_not_fit_are_named_where_they_are(case):
    text, expected = CASES[case]
    assert findings(text) == [f"fairlead.yaml:{line}" for line in expected]


def test_of_very_many_findings_the_first_are_enough():
    services = "".join(f"  w{i}: {{command: x, needs: [z{i}], zz: 1}}\n" for i in range(2000))
    lines = findings(f"name: shop\nservices:\n{services}environments: {{a: {{tests: [x]}}}}\n")
    assert len(lines) == 201
    assert lines[-1].endswith(" more findings follow")


def test_very_many_duplicate_keys_end_the_reading():
    assert len(findings("name: shop\n" * 10_000)) <= 202


def test_environments_times_values_has_a_bound():
    services = "".join(f"  w{i}: {{command: x}}\n" for i in range(4000))
    environments = "".join(f"  e{i}: {{}}\n" for i in range(40))
    assert findings(f"name: shop\nservices:\n{services}environments:\n{environments}") == [
        "fairlead.yaml:4003:1: environments: 40 environments over 8044 values are too much to check"
    ]


def test_a_deep_chain_of_needs_is_no_circle():
    services = "".join(f"  w{i}: {{command: x, needs: [w{i + 1}]}}\n" for i in range(2000))
    assert findings(f"name: shop\nservices:\n{services}  w2000: {{command: x}}\nenvironments: {{a: {{}}}}\n") == []
