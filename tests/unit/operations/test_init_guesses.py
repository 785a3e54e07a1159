import json

import pytest

from fairlead.errors import UsageError
from fairlead.operations.guess import node, python
from fairlead.operations.init import init, project_name
from fairlead.project.loader import load_project


def put(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/healthz')\ndef health(): ...\n"
UVICORN = ".venv/bin/uvicorn {} --host 127.0.0.1 --port ${{PORT}}"
GUNICORN = ".venv/bin/gunicorn {} --bind 127.0.0.1:${{PORT}} --workers 2"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"main.py": FASTAPI}, UVICORN.format("main:app")),
        ({"shop/__init__.py": "", "shop/web.py": FASTAPI}, UVICORN.format("shop.web:app")),
        ({"src/shop/__init__.py": "", "src/shop/web.py": FASTAPI}, UVICORN.format("shop.web:app --app-dir src")),
        ({"a.py": "def create_app():\n  return FastAPI()\n"}, UVICORN.format("a:create_app --factory")),
        ({"a.py": "import starlette.applications as s\nsite: s.Starlette = s.Starlette()\n"}, UVICORN.format("a:site")),
        ({"a.py": "async def app(scope, receive, send): ...\n"}, UVICORN.format("a:app")),
        ({"app.py": "import flask\napp = flask.Flask(__name__)\n"}, GUNICORN.format("app:app")),
        (
            {"app.py": "def create_app(test=None):\n  app = Flask('x')\n  return app\n"},
            GUNICORN.format("'app:create_app()'"),
        ),
        ({"a.py": "def application(environ, start_response): ...\n"}, GUNICORN.format("a:application")),
        ({"web/app.py": "app = Bottle()\n"}, GUNICORN.format("app:app --chdir web")),
        ({"my site/app.py": "app = Bottle()\n"}, GUNICORN.format("app:app --chdir 'my site'")),
        (
            {
                "site/__init__.py": "",
                "site/asgi.py": "application = get_asgi_application()\n",
                "site/wsgi.py": "application = get_wsgi_application()\n",
            },
            GUNICORN.format("site.wsgi:application"),
        ),
        ({"main.py": FASTAPI, "tests/main.py": "app = Flask('x')\n", "bad.py": "def (:\n"}, UVICORN.format("main:app")),
        ({"zzz.py": FASTAPI, "aaa.py": "helper = Flask('x')\n"}, UVICORN.format("zzz:app")),
    ],
)
def test_the_application_of_a_python_project(tmp_path, files, command):
    put(tmp_path, files)
    guess = python.guess(tmp_path)
    assert guess is not None and guess.command == command


def test_no_application_is_no_guess(tmp_path):
    put(tmp_path, {"tool.py": "print(1)\n", "node_modules/x/app.py": FASTAPI, ".venv/app.py": FASTAPI})
    assert python.guess(tmp_path) is None


@pytest.mark.parametrize(
    ("files", "run", "inputs"),
    [
        ({"requirements.txt": "fastapi\nuvicorn[standard]>=0.30\n"},
         ("${PYTHON} -m venv .venv", ".venv/bin/pip install -r requirements.txt"), ("requirements.txt",)),
        ({"requirements.txt": "fastapi\n"},
         ("${PYTHON} -m venv .venv", ".venv/bin/pip install -r requirements.txt", ".venv/bin/pip install uvicorn"),
         ("requirements.txt",)),
        ({"pyproject.toml": '[project]\nname="x"\ndependencies=["Uvicorn"]\n'},
         ("${PYTHON} -m venv .venv", ".venv/bin/pip install ."), ()),
        ({"pyproject.toml": '[project]\nname="x"\ndependencies=["uvicorn"]\n', "uv.lock": ""},
         ("uv sync --frozen --no-dev --no-install-project",), ("pyproject.toml", "uv.lock")),
        ({"pyproject.toml": "[tool.ruff]\n"}, ("${PYTHON} -m venv .venv", ".venv/bin/pip install uvicorn"), ()),
    ],
)  # fmt: skip
def test_how_a_python_project_is_prepared(tmp_path, files, run, inputs):
    put(tmp_path, {"main.py": FASTAPI} | files)
    guess = python.guess(tmp_path)
    assert guess is not None and (guess.prepare, guess.inputs) == (run, inputs)
    assert guess.health == "/healthz"


@pytest.mark.parametrize(
    ("package", "files", "command", "run", "inputs"),
    [
        ({"scripts": {"start": "node server.js"}}, {}, "node server.js", (), ()),
        ({"scripts": {"start": "next start -p $PORT"}}, {}, "npm start", (), ()),
        ({"scripts": {"start": "node a.js && true"}}, {}, "npm start", (), ()),
        ({"main": "it.js"}, {"it.js": ""}, "node it.js", (), ()),
        ({"scripts": {"start": "node a.js"}, "dependencies": {"express": "4"}}, {"package-lock.json": "{}"},
         "node a.js", ("npm ci --omit=dev",), ("package.json", "package-lock.json")),
        ({"scripts": {"start": "node a.js", "build": "tsc"}}, {"pnpm-lock.yaml": ""},
         "node a.js", ("pnpm install --frozen-lockfile", "pnpm run build"), ()),
        ({"scripts": {"start": "node a.js"}, "dependencies": {"x": "1"}}, {},
         "node a.js", ("npm install --omit=dev",), ("package.json",)),
    ],
)  # fmt: skip
def test_a_node_project(tmp_path, package, files, command, run, inputs):
    put(tmp_path, {"package.json": json.dumps(package), "a.js": 'app.get("/health", ok)'} | files)
    guess = node.guess(tmp_path)
    assert guess is not None and (guess.command, guess.prepare, guess.inputs) == (command, run, inputs)
    assert guess.health == "/health"


@pytest.mark.parametrize("text", ["{}", "[]", "{"])
def test_a_package_that_starts_nothing(tmp_path, text):
    put(tmp_path, {"package.json": text})
    assert node.guess(tmp_path) is None


def test_what_is_written_loads_and_is_commented(tmp_path):
    put(tmp_path, {"main.py": FASTAPI, "requirements.txt": "uvicorn\n", "tests/test_it.py": ""})
    written = init(tmp_path, name="My Shop!")
    project = load_project(tmp_path / "fairlead.yaml")
    service = project.stack("local").service("web")
    assert project.name == written.name == "my-shop"
    assert service.health.ready == "/healthz" and service.replicas == 2 and service.prepare is not None
    assert project.stack("local").tests == ("${PYTHON} -m pytest -q",)
    assert written.text.count("#") >= 10
    ignored = (tmp_path / ".fairleadignore").read_text().splitlines()
    assert {".venv/", "fairlead.yaml"} <= set(ignored)


@pytest.mark.parametrize("text", ["project = 3\ntool = []\n", "[project]\ndependencies = 'x'\n[tool]\npoetry = 4\n"])
def test_a_pyproject_of_another_shape_is_passed_over(tmp_path, text):
    put(tmp_path, {"pyproject.toml": text, "main.py": FASTAPI})
    assert UVICORN.format("main:app") in init(tmp_path).text


def test_a_package_of_another_shape_is_passed_over(tmp_path):
    put(tmp_path, {"package.json": '{"scripts": ["start"], "dependencies": 3, "main": []}', "server.js": ""})
    assert node.guess(tmp_path).command == "node server.js"
    put(tmp_path, {"package.json": "[" * 100_000})
    assert node.guess(tmp_path) is None


def test_nothing_is_overwritten(tmp_path):
    put(tmp_path, {"main.py": FASTAPI, "fairlead.yaml": "mine", ".fairleadignore": "mine"})
    with pytest.raises(UsageError, match="is there already"):
        init(tmp_path)
    assert (tmp_path / "fairlead.yaml").read_text() == "mine"
    init(tmp_path, force=True)
    assert (tmp_path / ".fairleadignore").read_text() == "mine"
    load_project(tmp_path / "fairlead.yaml")


@pytest.mark.parametrize(
    ("folder", "name"), [("Shop", "shop"), ("my_shop.v2", "my-shop-v2"), ("2024", "app-2024"), ("x" * 60, "x" * 40)]
)
def test_names(folder, name):
    assert project_name(folder) == name


SPRING = """<project><parent><artifactId>spring-boot-starter-parent</artifactId><version>3.5.0</version></parent>
<artifactId>core</artifactId><version>1.2.0</version><dependencies><dependency>
<artifactId>spring-boot-starter-actuator</artifactId><version>9</version></dependency></dependencies></project>"""


@pytest.mark.parametrize(
    ("pom", "command"),
    [
        (SPRING, "java -jar target/core-1.2.0.jar"),
        (SPRING.replace("1.2.0", "${revision}"), "sh -c 'exec java -jar target/*.jar'"),
        (
            SPRING.replace("</project>", "<build><finalName>app</finalName></build></project>"),
            "java -jar target/app.jar",
        ),
    ],
)
def test_a_spring_boot_project(tmp_path, pom, command):
    put(tmp_path, {"pom.xml": pom, "mvnw": ""})
    init(tmp_path, name="core")
    service = load_project(tmp_path / "fairlead.yaml").stack("local").service("web")
    assert (service.command, service.port, service.health.ready) == (command, 8080, "/actuator/health/readiness")
    assert service.env == {"SERVER_PORT": "${PORT}"} and service.prepare.run[0].startswith("./mvnw ")


def test_a_procfile_says_what_runs(tmp_path):
    procfile = (
        "web: gunicorn shop:app -b 0.0.0.0:$PORT -w ${WEB_CONCURRENCY}\n# off: x\nworker: celery -A shop worker\n"
        "clock: python clock.py | logger\nrelease: alembic upgrade head\n"
    )
    put(
        tmp_path,
        {"Procfile": procfile, "main.py": FASTAPI, "requirements.txt": "gunicorn\n", ".env": "WEB_CONCURRENCY=3\n"},
    )
    written = init(tmp_path, name="shop")
    project = load_project(tmp_path / "fairlead.yaml")
    stack = project.stack("local")
    assert {one.name: one.command for one in stack.services} == {
        "web": ".venv/bin/gunicorn shop:app -b 0.0.0.0:${PORT} -w ${WEB_CONCURRENCY}",
        "worker": ".venv/bin/celery -A shop worker",
        "clock": "sh -c 'python clock.py | logger'",
    }
    assert stack.job("release").command == ".venv/bin/alembic upgrade head"
    assert stack.variables == {"WEB_CONCURRENCY": "3"}
    assert "commands from the Procfile, which take WEB_CONCURRENCY" in written.because


def test_a_default_in_a_procfile_is_left_to_a_shell(tmp_path):
    put(
        tmp_path,
        {"Procfile": "web: serve -p ${PORT:-80} -h $HOST\nworker: work ${LEVEL-info} $${ ${\n", ".env": "HOST=h\n"},
    )
    init(tmp_path, name="shop")
    stack = load_project(tmp_path / "fairlead.yaml").stack("local")
    assert stack.service("web").command == "sh -c 'serve -p $${PORT:-80} -h ${HOST}'"
    assert list(stack.variables) == ["HOST"]


def test_a_file_of_values_is_an_environment(tmp_path):
    files = {"Procfile": "web: serve $PORT\n", ".env": "LEVEL=debug\n", ".env.production": "LEVEL=info\n"}
    put(tmp_path, files | {".env.example": "LEVEL=x\n", ".env.local": "LEVEL=mine\n"})
    init(tmp_path, name="shop")
    project = load_project(tmp_path / "fairlead.yaml")
    assert project.environments == ("local", "production")
    levels = [project.stack(one).variables["LEVEL"] for one in project.environments]
    ports = {project.stack(one).edge.http for one in project.environments}
    assert levels == ["mine", "info"] and len(ports) == 2


DOCKERFILE = """FROM node:22 AS base
EXPOSE 4000
FROM base
# what it runs as
USER app
HEALTHCHECK --interval=10s --timeout=5s \\
  CMD ["node", "check.js"]
CMD ["node", "server.js"]
"""


def test_a_dockerfile_is_enough(tmp_path):
    put(tmp_path, {"Dockerfile": DOCKERFILE})
    written = init(tmp_path, name="shop")
    service = load_project(tmp_path / "fairlead.yaml").outline("local").service("web")
    assert (service.port, service.health.command, service.container.build.context) == (4000, "node check.js", ".")
    assert written.because == ("a Dockerfile", "EXPOSE 4000", "starts as node server.js", "runs as app")
    assert not written.runs


def test_variables_of_an_application(tmp_path):
    env = "LOG_LEVEL=debug\nAPI_TOKEN=" + "hunter2-hunter2\nPORT=9000\n"
    template = "LOG_LEVEL=info\nDATABASE_URL=${DB_URL}\nREGION=$AWS_REGION\n"
    put(tmp_path, {"main.py": FASTAPI, ".env": env, ".env.template": template})
    text = init(tmp_path, name="shop").text
    stack = load_project(tmp_path / "fairlead.yaml").outline("local")
    assert "hunter2" not in text
    assert [one.name for one in stack.secrets] == ["API_TOKEN", "DATABASE_URL", "DB_URL"]
    assert stack.variables == {"LOG_LEVEL": "debug"}
    assert set(stack.service("web").env) == {"LOG_LEVEL", "REGION", "AWS_REGION"}


def test_nothing_to_start_is_said(tmp_path):
    with pytest.raises(UsageError, match=r"nothing in .* says how it starts"):
        init(tmp_path)


def test_a_dockerfile_beside_an_application(tmp_path):
    put(tmp_path, {"main.py": FASTAPI, "Dockerfile": DOCKERFILE})
    init(tmp_path, name="shop")
    project = load_project(tmp_path / "fairlead.yaml")
    service = project.stack("local").service("web")  # it runs as a process, and can become a container
    assert service.command.startswith(".venv/bin/uvicorn main:app")
    assert service.container.build is not None and service.container.build.context == "."
