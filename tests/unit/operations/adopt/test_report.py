"""What is said of a Compose project: what was lost, changed or hard-coded, each with its place, never a value."""

# ruff: noqa: E501 - messages stand on one line, as they are printed

import pytest

from fairlead.errors import UsageError
from fairlead.operations.init import init
from fairlead.project.loader import load_project
from fairlead.project.parity import drift
from fairlead.render.compose import compose_project


def said(tmp_path, files):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    written = init(tmp_path, name="shop")
    project = load_project(tmp_path / "fairlead.yaml")
    return [str(one) for one in written.left], project, written.text


COMPOSE = "services:\n  app:\n    image: acme/app:1\n"

CASES = {
    "key that Compose has not": ("    imagee: x\n", "note: compose.yaml:4:5: services.app.imagee: not a key"),
    "service there is not": ("    depends_on: [gone]\n", "lost: compose.yaml:4:18: services.app.depends_on[0]: there is no service gone"),
    "variable file there is not": ("    env_file: gone.env\n", "lost: compose.yaml:4:5: services.app.env_file: there is no file gone.env here"),
    "raw variable file": ("    env_file: [{path: a.env, format: raw}]\n", "lost: compose.yaml:4:16: services.app.env_file[0]: a file without quotes"),
    "secret in a label": ('    labels: {auth: "${API_TOKEN}"}\n', "lost: compose.yaml:4:14: services.app.labels.auth: it holds the secret API_TOKEN"),
    "secret in a build": ("    build: {context: ., args: {NPM_TOKEN: }}\n", "lost: compose.yaml:4:32: services.app.build.args.NPM_TOKEN: a build argument stays"),
    "literal password": ("    environment: {DB_PASSWORD: hunter2hunter2}\n", "hard-coded: compose.yaml:4:19: services.app.environment.DB_PASSWORD: a secret stands here"),
    "password in an address": ("    environment: [DSN_X=redis://u:" + "hunter2@h]\n", "hard-coded: compose.yaml:4:19: services.app.environment[0]: a secret stands here"),
    "value of a variable": ("    environment: {HOST: shop.example.com}\n", "hard-coded: compose.yaml:4:19: services.app.environment.HOST: the value that DOMAIN has in .env; write ${DOMAIN}"),
    "value of a secret": ("    command: run --key=abcdef0123456789\n", "hard-coded: compose.yaml:4:5: services.app.command: the value that API_KEY has in .env; write ${API_KEY}"),
    "unreadable variable": ('    user: "${A/b}"\n', "lost: compose.yaml:4:5: services.app.user: Docker Compose cannot read it: what stands in ${…}"),
    "profile": ("    profiles: [debug]\n", "note: compose.yaml:4:5: services.app.profiles: Docker Compose starts it only with the profile debug"),
    "nothing extended": ("    extends: gone\n", "lost: compose.yaml:4:5: services.app.extends: there is no service 'gone' to extend"),
    "extended file that is not": ("    extends: {file: gone.yaml, service: x}\n", "lost: gone.yaml:1:1: no such file"),
    "tag": ("    ports: !gone []\n", "lost: compose.yaml:4:5: services.app.ports: the tag !gone is not known here"),
    "twice": ("    image: b\n", "lost: compose.yaml:4:5: services.app.image: duplicate key; the first one is on line 3"),
    "key of the file": ("plugins: {a: b}\n", "lost: compose.yaml:4:1: plugins: not a key of a Compose file"),
    "included file that is not": ("include: [gone.yaml]\n", "lost: compose.yaml:4:11: include[0]: the file could not be taken in"),
    "service that is none": ("  b: text\n", 'lost: compose.yaml:4:3: services.b: expected a service, got "text"'),
    "variable file of another": ("include: [{path: x.yaml, env_file: x.env}]\n", "lost: compose.yaml:4:26: include[0].env_file: the files are read as"),
    "mistake in a variable file": ("    env_file: bad.env\n", "lost: bad.env:1:2: '%' cannot stand in the name of a variable"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_is_said_with_its_place(tmp_path, case):
    more, message = CASES[case]
    env = "DOMAIN=shop.example.com\nAPI_KEY=abcdef0123456789\n"
    found, _, _ = said(tmp_path, {"compose.yaml": COMPOSE + more, ".env": env, "bad.env": "A%=1\n"})
    assert [one for one in found if one.startswith(message)], found
    assert not [one for one in found if "hunter2" in one or "abcdef" in one]


def test_values_of_secrets_are_nowhere(tmp_path):
    compose = COMPOSE + (
        "    environment:\n      DB_PASSWORD: hunter2-literal\n      URL: postgres://u:"
        "hunter2-inside@db/x\n"
        "      TOKEN: ${TOKEN:-hunter2-default}\n      FROM: ${API_KEY}\n    env_file: .env\n"
    )
    found, project, text = said(
        tmp_path, {"compose.yaml": compose, ".env": "API_KEY=hunter2-dotenv\nSMTP_PASS=hunter2-x\n"}
    )
    assert "hunter2" not in text + "".join(found)
    names = {one.variable: one.name for one in project.outline("local").service("app").secrets}
    assert names == {"DB_PASSWORD": "DB_PASSWORD", "URL": "URL", "TOKEN": "TOKEN", "FROM": "API_KEY",
                     "API_KEY": "API_KEY", "SMTP_PASS": "SMTP_PASS"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_PW", "hunter2"), ("SMTP_USER_PWD", "hunter2"), ("AUTH_SALT", "hunter2"),
        ("SLACK", "https://hooks.slack.com/" + "services/T0/B0/hunter2"), ("STRIPE", "sk_live_" + "hunter2"),
    ],
)  # fmt: skip
def test_what_is_secret_by_its_name_or_its_value_is_not_written(tmp_path, name, value):
    compose = COMPOSE + f"    command: run --with ${{{name}}}\n    environment: [PWD=/app]\n"
    _, project, text = said(tmp_path, {"compose.yaml": compose, ".env": f"{name}={value}\n"})
    assert "hunter2" not in text and "PWD: /app" in text
    assert [one.name for one in project.outline("local").secrets] == [name]


def test_a_secret_that_may_be_empty_stays_so(tmp_path):
    compose = COMPOSE + (
        "    environment:\n      OPENAI_API_KEY: ${OPENAI_API_KEY:-}\n      A_TOKEN: ${A_TOKEN-}\n      B_TOKEN: ${B_TOKEN:-dev}\n"
        "  b: {image: x, environment: ['A_TOKEN=${A_TOKEN}']}\n"
    )
    _, project, _ = said(tmp_path, {"compose.yaml": compose})
    stack = project.outline("local")
    assert {one.name: one.required for one in stack.secrets} == {
        "OPENAI_API_KEY": False, "A_TOKEN": True, "B_TOKEN": True,
    }  # fmt: skip
    environment = compose_project(stack)["services"]["app"]["environment"]
    assert environment["OPENAI_API_KEY"] == "${OPENAI_API_KEY:-}"
    assert environment["A_TOKEN"] == "${A_TOKEN:?set it}"


def test_what_an_example_says_may_be_used(tmp_path):
    compose = COMPOSE + "    environment: ['A=${DB_HOST}', 'B=${NAME}']\n"
    files = {"compose.yaml": compose, ".env": "DB_HOST=db\nNAME=own\n", ".env.example": "DB_HOST=db\nNAME=yours\n"}
    _, project, text = said(tmp_path, files)
    assert project.outline("local").variables == {"DB_HOST": "db", "NAME": "own"}
    assert "example: yours" in text and "example: db" not in text


@pytest.mark.parametrize(
    ("head", "env", "name"),
    [("", "", "my_shop1"), ("", "COMPOSE_PROJECT_NAME=shop_old\n", "shop_old"), ("name: said\n", "", "said")],
)
def test_volumes_keep_their_names(tmp_path, head, env, name):
    root = tmp_path / "_My_Shop.1"
    found, project, _ = said(
        root, {"compose.yaml": head + COMPOSE + "    volumes: [data:/data]\nvolumes: {data: }\n", ".env": env}
    )
    assert compose_project(project.outline("local"))["name"] == name
    assert not [one for one in found if "COMPOSE_PROJECT_NAME" in one]


def test_a_health_check_is_run_as_often_as_it_was(tmp_path):
    compose = COMPOSE + "    healthcheck: {test: [CMD, node, check.js], timeout: 3s}\n"
    _, project, _ = said(tmp_path, {"compose.yaml": compose})
    check = compose_project(project.outline("local"))["services"]["app"]["healthcheck"]
    assert (check["interval"], check["timeout"]) == ("30s", "3s")


def test_the_folder_that_the_shell_is_in_is_that_of_the_project(tmp_path):
    compose = COMPOSE + (
        "    build: {context: $PWD}\n    volumes: ['${PWD}/a:/a', '$PWD:/b', '${PWD:-.}/c:/c', '${PWDX}/d:/d',"
        " {type: bind, source: '${PWD}/e', target: /e}]\n"
    )
    _, project, _ = said(tmp_path, {"compose.yaml": compose, ".env": "PWDX=/x\n"})
    stack = project.outline("local")
    app = compose_project(stack, "../..")["services"]["app"]
    assert set(stack.variables) == {"PWDX"}
    assert app["build"]["context"] == "../.."
    assert app["volumes"] == ["../../a:/a", "../..:/b", "../../c:/c", "/x/d:/d", "../../e:/e"]


def test_a_folder_that_must_be_there_is_not_made(tmp_path):
    compose = COMPOSE + "    volumes: [{type: bind, source: ./e, target: /e, bind: {create_host_path: false}}]\n"
    _, project, _ = said(tmp_path, {"compose.yaml": compose})
    (volume,) = compose_project(project.outline("local"))["services"]["app"]["volumes"]
    assert volume == {"type": "bind", "source": "./e", "target": "/e", "bind": {"create_host_path": False}}


def test_a_label_without_a_value_is_empty(tmp_path):
    compose = (
        COMPOSE + "    labels: [plain]\n    deploy: {labels: {other: }}\n    build: {context: ., labels: [third]}\n"
    )
    _, project, _ = said(tmp_path, {"compose.yaml": compose})
    app = compose_project(project.outline("local"))["services"]["app"]
    assert (app["labels"], app["deploy"]["labels"], app["build"]["labels"]) == (
        {"plain": ""}, {"other": ""}, {"third": ""},
    )  # fmt: skip


def test_two_secrets_of_one_name_stay_two(tmp_path):
    compose = "services:\n  a: {image: x, environment: {PASSWORD: hunter2-one}}\n"
    compose += "  b-c: {image: y, environment: {PASSWORD: hunter2-two}}\n  d: {image: z, environment: {PASSWORD: hunter2-one}}\n"
    _, project, _ = said(tmp_path, {"compose.yaml": compose})
    stack = project.outline("local")
    assert [one.name for one in stack.secrets] == ["PASSWORD", "B_C_PASSWORD"]
    assert [stack.service(name).secrets[0].name for name in ("a", "b-c", "d")] == [
        "PASSWORD",
        "B_C_PASSWORD",
        "PASSWORD",
    ]


def test_variables_have_types_and_environments_their_values(tmp_path):
    compose = COMPOSE + (
        "    environment:\n      URL: ${PUBLIC_URL}\n      N: ${COUNT:-3}\n      P: ${HTTP_PORT:-80}\n      D: ${DEBUG:-false}\n"
        "      M: ${MAIL:?say who}\n      T: ${TEXT-}\n      L: ${LOG_LEVEL:-info}\n"
    )
    env = "PUBLIC_URL=https://shop.example.com\nMAIL=ops@example.com\nLOG_LEVEL=info\nCOUNT=5\n"
    files = {
        "compose.yaml": compose,
        ".env": env,
        ".env.production": "COUNT=9\n",
        ".env.example": "MAIL=you@example.com\n",
    }
    _, project, text = said(tmp_path, files)
    assert "PUBLIC_URL: {type: url}" in text
    assert 'COUNT: {type: int, default: "3"}' in text
    assert 'HTTP_PORT: {type: port, default: "80"}' in text
    assert 'DEBUG: {type: bool, default: "false"}' in text
    assert "MAIL: {type: e-mail, example: you@example.com}" in text
    assert 'TEXT: {default: "", required: false}' in text
    assert project.environments == ("local", "production")
    assert drift(project) == ()
    names = [project.outline(one).compose["name"] for one in project.environments]
    assert names[1] == f"{names[0]}-production"
    values = project.outline("local").variables
    assert (values["COUNT"], values["LOG_LEVEL"], values["PUBLIC_URL"]) == ("5", "info", "https://shop.example.com")


def test_clear_traefik_rules_become_routes(tmp_path):
    compose = COMPOSE + (
        "    labels:\n      - traefik.http.routers.a.rule=Host(`a.example.com`) || Host(`b.example.com`) && PathPrefix(`/api`)\n"
        "      - traefik.http.services.a.loadbalancer.server.port=9000\n"
        "      - traefik.http.routers.b.rule=HostRegexp(`.*`)\n"
    )
    found, project, _ = said(tmp_path, {"compose.yaml": compose})
    service = project.outline("local").service("app")
    assert service.port == 9000
    assert [(one.host, one.path) for one in service.routes] == [("a.example.com", "/"), ("b.example.com", "/api")]
    assert any("more than one host and one path" in one for one in found)


def test_stores_for_development_beside_an_application(tmp_path):
    files = {
        "compose.yaml": "services:\n  db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: dev}}\n",
        "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    }
    _, project, _ = said(tmp_path, files)
    assert [one.name for one in project.stack("local").services] == ["web"]  # it can be deployed as it is


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "compose.yaml:1:5: not readable as YAML"),
        ("", "compose.yaml:1:1: the file is empty; expected a mapping with services"),
        ("- a\n", "compose.yaml:1:1: expected a mapping with services, got a list"),
        ("services: {}\n", "compose.yaml:1:1: services: there is none"),
        ("services:\n  a:\n", "compose.yaml:2:3: services.a: expected a service"),
        ("a: *b\n", "compose.yaml:1:4: a: alias *b has no anchor &b before it"),
        ("x: " + "[" * 60, "nested deeper than 40 levels"),
        ("#" * 1_000_001, "compose.yaml:1:1: larger than 512 KiB"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, text, message):
    (tmp_path / "compose.yaml").write_text(text)
    with pytest.raises(UsageError) as caught:
        init(tmp_path)
    assert message in caught.value.message
    assert not (tmp_path / "fairlead.yaml").exists()
