"""A stack as a Compose file: held against Compose's own schema, with nothing interpolated that is meant literally."""

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML
from tests.compose_schema import compose_schema

from fairlead.errors import FairleadError
from fairlead.project.project import parse_project
from fairlead.render.compose import compose_project
from fairlead.render.yaml import yaml_text

FILE = """\
name: shop
variables: {TAG: "1.4", PRICE: "5$", PUBLIC: {type: url}}
secrets: {SESSION_KEY: {}, DB_PASSWORD: {}, SPARE: {}}
templates: [{from: nginx.template.conf, to: web/nginx.conf}, {from: a.json, to: a.json, secret: true}]
compose: {networks: {backend: {internal: true}}, x-note: [hello]}
services:
  api:
    build: {context: ./api, dockerfile: deploy/Dockerfile, args: {VERSION: "${TAG}"}, secrets: [SESSION_KEY]}
    entrypoint: tini --
    command: uvicorn api:app --port ${PORT} --note 'a b$c'
    port: 8000
    user: "1000"
    workdir: /app
    health: {ready: /health, interval: 500ms, timeout: 2s, deadline: 90s}
    env: {COST: "${PRICE} $HOME $${x}", WHERE: "${PROJECT}/${ENVIRONMENT}/${RELEASE}"}
    secrets: [SESSION_KEY, {name: DB_PASSWORD, as: env, key: POSTGRES_PASSWORD}]
    volumes: ["uploads:/app/uploads", "./conf:/etc/api:ro", "../x:/x", "/var/run:/run", "/anonymous", "~/y:/y"]
    publish: ["127.0.0.1:9000:9000"]
    networks: [backend, database]
    uses: [db.shop, cache, files]
    replicas: 2
    resources: {cpu: 0.5, memory: 512M}
    stop: {signal: SIGINT, grace: 20s}
    compose: {logging: null, init: true, env_file: [./a.env, {path: b.env, required: false}]}
  web:
    image: nginx:1.29
    command: nginx -c ${FILES}/web/nginx.conf
    needs: [api, plain]
    port: 80
  plain: {source: ./plain, command: python x.py}
jobs: {migrate: {like: api, command: "alembic upgrade head", env: {MODE: once}}}
stores:
  db: {kind: postgres, databases: {shop: {}}, max_connections: 200}
  cache: {kind: redis, image: "redis:8", command: "redis-server --save ''", env: {A: b}}
  files: {kind: s3, url: "https://s3.example.com"}
environments: {production: {runtime: docker}}
"""


def stack(text=FILE):
    return parse_project(text, Path("/p")).outline("production")


def read(text):
    return YAML(typ="safe", pure=True).load(text)


@pytest.fixture(scope="module")
def made():
    return compose_project(stack(), "../..")


def test_compose_takes_it(made):
    document = read(yaml_text(made))
    jsonschema.validate(document, compose_schema())
    assert document == json.loads(json.dumps(made))
    assert list(made["services"]) == ["db", "cache", "api", "web", "migrate"]
    assert made["name"] == "shop-production"


def test_values_are_filled_in_and_dollars_stay(made):
    api = made["services"]["api"]
    assert api["command"] == ["uvicorn", "api:app", "--port", "8000", "--note", "a b$$c"]
    assert api["environment"]["COST"] == "5$$ $$HOME $${x}"
    assert api["environment"]["WHERE"] == "shop/production/${RELEASE:?set it to the name of this release}"
    assert api["build"]["args"] == {"VERSION": "1.4"}


def test_secrets_are_named_not_carried(made):
    api = made["services"]["api"]
    assert api["environment"]["SESSION_KEY_FILE"] == "/run/secrets/SESSION_KEY"
    assert api["environment"]["POSTGRES_PASSWORD"] == "${DB_PASSWORD:?set it}"
    assert api["secrets"] == ["SESSION_KEY", "DB_CA", {"source": "template-a.json", "target": "a.json"}]
    assert list(made["secrets"]) == [
        "DB_CA",
        "DB_CERTIFICATE",
        "DB_CERTIFICATE_KEY",
        "DB_PASSWORD",
        "SESSION_KEY",
        "template-a.json",
    ]
    assert made["secrets"]["SESSION_KEY"]["file"].startswith("${FAIRLEAD_SECRETS:?")
    assert made["services"]["db"]["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/DB_PASSWORD"


def test_services_are_told_of_stores_what_the_runtime_tells_them(made):
    env = made["services"]["api"]["environment"]
    assert env["DATABASE_URL"] == "${DB_SHOP_URL:?set it}"
    assert env["DB_CA_FILE"] == "/run/secrets/DB_CA"
    assert env["S3_URL"] == "https://s3.example.com"  # no secret is in it
    assert made["services"]["migrate"]["environment"]["DATABASE_URL"] == env["DATABASE_URL"]


def test_a_secret_that_need_not_be_there_may_be_empty():
    text = FILE.replace('PRICE: "5$",', 'PRICE: "5$", SENTRY_DSN: {secret: true, required: false},')
    text = text.replace("secrets: [SESSION_KEY, {", "secrets: [SESSION_KEY, {name: SENTRY_DSN, as: env}, {", 1)
    assert compose_project(stack(text))["services"]["api"]["environment"]["SENTRY_DSN"] == "${SENTRY_DSN:-}"


def test_paths_lead_from_the_file_to_the_project(made):
    api = made["services"]["api"]
    assert api["build"]["context"] == "../../api"
    assert api["build"]["dockerfile"] == "deploy/Dockerfile"
    assert api["volumes"] == [
        "uploads:/app/uploads", "../../conf:/etc/api:ro", "../../../x:/x", "/var/run:/run", "/anonymous", "~/y:/y",
    ]  # fmt: skip
    assert api["env_file"] == ["../../a.env", {"path": "../../b.env", "required": False}]
    assert compose_project(stack())["services"]["api"]["volumes"][1] == "./conf:/etc/api:ro"
    assert set(made["volumes"]) == {"uploads", "db-data"}


def test_what_a_store_keeps_has_a_name():
    """Else it would go with its container, at `down` or where that is made anew; the name is that of the runtime."""
    queue = '  queue: {kind: container, image: "rabbitmq:4", volumes: [/var/lib/rabbitmq, "x:/x", "./y:/y"]}\n'
    made = compose_project(stack(FILE.replace("stores:\n", f"stores:\n{queue}")))
    assert made["services"]["queue"]["volumes"] == ["queue.var-lib-rabbitmq:/var/lib/rabbitmq", "x:/x", "./y:/y"]
    assert {"queue.var-lib-rabbitmq", "x"} < set(made["volumes"])


def test_what_the_file_says_itself_wins(made):
    api = made["services"]["api"]
    assert "logging" not in api and api["init"] is True
    assert made["services"]["web"]["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    sealed = {"com.docker.network.bridge.inhibit_ipv4": "true"}
    assert made["networks"] == {
        "backend": {"internal": True},
        "database": {"internal": True, "driver_opts": sealed},
    }
    assert made["x-note"] == ["hello"]


def test_order_health_and_limits(made):
    api, web = made["services"]["api"], made["services"]["web"]
    assert api["depends_on"] == {
        "db": {"condition": "service_healthy"}, "cache": {"condition": "service_started"},
        "migrate": {"condition": "service_completed_successfully"},
    }  # fmt: skip
    done = {"condition": "service_completed_successfully"}
    assert web["depends_on"] == {"api": {"condition": "service_healthy"}, "migrate": done}  # `plain` is no container
    check = api["healthcheck"]
    assert check["test"][0] == "CMD-SHELL" and "http://127.0.0.1:8000/health" in check["test"][1]
    assert (check["interval"], check["timeout"], check["start_period"]) == ("500ms", "2s", "90s")
    assert (api["scale"], api["cpus"], api["mem_limit"], api["memswap_limit"]) == (2, 0.5, "512M", "512M")
    assert (api["stop_signal"], api["stop_grace_period"]) == ("SIGINT", "20s")
    assert "healthcheck" not in web


def test_a_store_that_fairlead_does_not_set_up_is_run_as_its_image_is(made):
    cache = made["services"]["cache"]
    assert (cache["command"], cache["environment"]) == (["redis-server", "--save", ""], {"A": "b"})
    assert not {"entrypoint", "volumes", "secrets", "healthcheck"} & cache.keys()
    assert (cache["networks"], cache["read_only"]) == (["database"], True)


def test_with_security_off_nothing_is_taken_from_a_container():
    off = {"security": "off", "networks": ["default"]}
    text = FILE.replace("cache: {kind: redis,", f"cache: {{kind: redis, {str(off)[1:-1]},").replace(
        "image: nginx:1.29", "image: nginx:1.29\n    security: off"
    )
    services = compose_project(stack(text))["services"]
    switches = {"init", "read_only", "tmpfs", "cap_add", "cap_drop", "security_opt", "pids_limit"}
    assert not switches & (services["cache"].keys() | services["web"].keys())
    assert switches - {"cap_add"} <= services["api"].keys()


def test_a_store_that_it_does_is_the_container_that_the_runtime_makes(made):
    db = made["services"]["db"]
    assert (db["entrypoint"], db["user"], db["networks"]) == (["sh"], "postgres", ["database"])
    assert {"--ssl=on", "--max_connections=200"} <= set(db["command"])
    assert db["healthcheck"]["test"] == ["CMD", "sh", "/etc/fairlead/ask.sh"]
    assert (db["read_only"], db["cap_drop"], db["pids_limit"]) == (True, ["ALL"], 512)
    assert db["secrets"] == ["DB_PASSWORD", "DB_CERTIFICATE", "DB_CERTIFICATE_KEY"]
    assert db["volumes"][0] == {
        "type": "bind", "source": "./stores/db", "target": "/etc/fairlead", "read_only": True,
    }  # fmt: skip


def test_files_are_mounted_where_they_are_used(made):
    (mount,) = made["services"]["web"]["volumes"]
    assert mount["source"] == "./web/nginx.conf"
    assert mount["target"] == "/run/fairlead/files/web/nginx.conf"
    assert made["services"]["web"]["command"][-1] == "/run/fairlead/files/web/nginx.conf"


def test_a_job_runs_to_its_end_before_what_comes_after_it(made):
    job = made["services"]["migrate"]
    assert (job["restart"], job["command"]) == ("no", ["alembic", "upgrade", "head"])
    assert job["build"] == made["services"]["api"]["build"] and "ports" not in job and "networks" in job
    assert job["depends_on"] == {"db": {"condition": "service_healthy"}, "cache": {"condition": "service_started"}}


def test_jobs_run_one_after_the_other_and_late_ones_when_all_is_there():
    more = """jobs:
  early: {like: api, command: a}
  needy: {like: api, command: b, needs: [api]}
  late: {like: api, command: c, when: after-traffic}
  last: {like: api, command: d, when: after-traffic}
"""
    start, end = FILE.index("jobs:"), FILE.index("stores:")
    services = compose_project(stack(FILE[:start] + more + FILE[end:]))["services"]
    waits = {name: [other for other in services[name]["depends_on"] if other not in ("db", "cache")]
             for name in ("api", "web", "early", "needy", "late", "last")}  # fmt: skip
    assert waits == {
        "api": ["early"], "web": ["api", "early", "needy"], "early": [], "needy": ["api", "early"],
        "late": ["early", "needy", "api", "web"], "last": ["early", "needy", "late", "api", "web"],
    }  # fmt: skip


def test_without_containers_there_is_no_file():
    text = "name: a\nservices: {web: {source: ./w, command: x}}\nenvironments: {production: {}}\n"
    assert compose_project(stack(text)) == {}


def test_a_variable_without_a_value_is_named():
    text = FILE.replace("nginx:1.29", "nginx:${PUBLIC}")
    with pytest.raises(FairleadError, match=r"\$\{PUBLIC\} has no value in production"):
        compose_project(stack(text))


MOVED = """\
name: shop
secrets: {OUTSIDE: {}}
services:
  web: {image: shop, uses: [db.shop], port: 80}
  seen: {image: shop, uses: [db.tool, far]}
  none: {image: shop}
jobs: {seed: {like: web, command: seed}}
stores:
  db:
    kind: postgres
    image: "postgres:17"
    databases:
      shop: {migrations: db/shop}
      tool: {used_by: {seen: rw}, migrator: move on, rls: {orders: {using: "true"}}}
  far: {kind: postgres, url: "${OUTSIDE}", databases: {one: {used_by: {seen: rw}, migrations: db/one}}}
  own: {kind: postgres, command: postgres, databases: {x: {migrations: db/x}}}
environments: {production: {runtime: docker}}
"""


def test_who_uses_a_database_waits_for_its_schema():
    services = compose_project(stack(MOVED))["services"]
    waits = {name: {key for key in one.get("depends_on", ()) if "-" in key} for name, one in services.items()}
    assert waits == {
        "db": set(), "none": set(), "db-shop-migrator": set(), "far-one-migrator": set(),
        "db-tool-rights": {"db-tool-migrator"}, "db-tool-migrator": set(), "seed": {"db-shop-migrator"},
        "web": {"db-shop-migrator"}, "seen": {"db-tool-migrator", "db-tool-rights", "far-one-migrator"},
    }  # fmt: skip
    assert services["seen"]["depends_on"]["db-tool-rights"] == {"condition": "service_completed_successfully"}
    assert services["db-tool-rights"]["depends_on"]["db"] == {"condition": "service_healthy"}
    psql, far = services["db-shop-migrator"], services["far-one-migrator"]
    assert (psql["image"], psql["networks"], psql["secrets"]) == ("postgres:17", ["database"], ["DB_SHOP_URL", "DB_CA"])
    assert psql["volumes"][0]["source"] == "./migrations/db-shop-migrator" and psql["restart"] == "no"
    assert (far["networks"], far["secrets"]) == (["outgoing"], ["FAR_ONE_MIGRATOR_URL"])
    assert "depends_on" not in far and psql["user"] == "postgres"
    tool = services["db-tool-migrator"]
    assert tool["environment"]["DATABASE_URL"] == "${DB_TOOL_MIGRATOR_URL:?set it}"
