"""A Python web project: its application object is found in the syntax tree, its server follows from the framework."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fairlead.operations.guess.service import Guess, files, nearest_health

ASGI = frozenset({"FastAPI", "Starlette", "Quart", "Litestar", "Sanic", "BlackSheep", "get_asgi_application"})
WSGI = frozenset({"Flask", "Bottle", "get_wsgi_application", "Pyramid"})
NAMES = ("app", "application", "api", "asgi", "wsgi")
FACTORIES = ("create_app", "make_app", "get_app")
VENV = "${PYTHON} -m venv .venv"


@dataclass(frozen=True, slots=True)
class App:
    """An application object, or the function that makes it."""

    file: Path
    name: str
    kind: str  #: asgi or wsgi
    framework: str
    factory: bool = False
    rank: int = 0  #: smaller is likelier


def guess(root: Path) -> Guess | None:
    """The web service of a Python project in `root`; None when no application object is found."""
    paths: set[str] = set()
    apps: list[App] = []
    for file in files(root, (".py",)):
        tree = _parsed(file)
        if tree is not None:
            apps += _apps(tree, file)
            paths |= _texts(tree)
    if not apps:
        return None
    app = min(apps, key=lambda one: (one.rank, len(one.file.parts), str(one.file)))
    return _guess(root, app, nearest_health(paths))


def _parsed(file: Path) -> ast.Module | None:
    try:
        return ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return None


def _texts(tree: ast.Module) -> set[str]:
    """Text constants that look like paths; Django writes them without the slash in front."""
    found = (one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return {"/" + text.strip("/") for text in found if re.fullmatch(r"/?[a-z]+(/[a-z]+)?/?", text)}


def _apps(tree: ast.Module, file: Path) -> Iterator[App]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            yield from _assigned(node, _called(node.value), file)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _function(node, file)


def _assigned(node: ast.Assign | ast.AnnAssign, made: str, file: Path) -> Iterator[App]:
    kind = "asgi" if made in ASGI else "wsgi" if made in WSGI else ""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if kind and isinstance(target, ast.Name):
            rank = 0 if target.id in NAMES else 1
            # Django writes both; wsgi.py is the one that every project has used
            rank += 1 if made == "get_asgi_application" else 0
            framework = "Django" if made.startswith("get_") else made
            yield App(file, target.id, kind, framework, rank=rank)


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, file: Path) -> Iterator[App]:
    arguments = [one.arg for one in node.args.args]
    if arguments == ["scope", "receive", "send"]:
        yield App(file, node.name, "asgi", "plain ASGI", rank=2)
    elif len(arguments) == 2 and arguments[0] in ("environ", "env") and arguments[1].startswith("start"):
        yield App(file, node.name, "wsgi", "plain WSGI", rank=2)
    elif node.name in FACTORIES:
        made = {_called(one) for one in ast.walk(node) if isinstance(one, ast.Call)}
        for framework in sorted(made & (ASGI | WSGI)):
            yield App(file, node.name, "asgi" if framework in ASGI else "wsgi", framework, factory=True, rank=1)


def _guess(root: Path, app: App, health: str | None) -> Guess:
    server = "uvicorn" if app.kind == "asgi" else "gunicorn"
    declared = _declared(root)
    run, inputs, said = _prepare(root)
    because = [f"{app.framework} {'factory' if app.factory else 'application'} `{app.name}` in "
               f"{app.file.relative_to(root)}", said]  # fmt: skip
    if server not in declared:
        install = "uv pip install" if run[0].startswith("uv ") else ".venv/bin/pip install"
        run = (*run, f"{install} {server}")
        because.append(f"{server} is not among the dependencies: prepare installs the newest; better declare it")
    test = "${PYTHON} -m pytest -q" if (root / "tests").is_dir() or "pytest" in declared else None
    return Guess(_command(root, app), run, inputs, health, (".venv/", "__pycache__/"), test, tuple(because))


def _command(root: Path, app: App) -> str:
    folder, module = _module(root, app.file)
    target = f"{module}:{app.name}"
    if app.kind == "asgi":
        where = f" --app-dir {shlex.quote(folder)}" if folder else ""
        factory = " --factory" if app.factory else ""
        return f".venv/bin/uvicorn {target}{factory}{where} --host 127.0.0.1 --port ${{PORT}}"
    where = f" --chdir {shlex.quote(folder)}" if folder else ""
    target = f"'{target}()'" if app.factory else target
    return f".venv/bin/gunicorn {target}{where} --bind 127.0.0.1:${{PORT}} --workers 2"


def _module(root: Path, file: Path) -> tuple[str, str]:
    """The folder to start in ("" for the root) and the dotted name of a file: as far up as there are packages."""
    package = file.parent
    while package != root and (package / "__init__.py").exists():
        package = package.parent
    folder = package.relative_to(root).as_posix()
    name = ".".join(file.relative_to(package).with_suffix("").parts).removesuffix(".__init__")
    return ("" if folder == "." else folder), name


def _declared(root: Path) -> set[str]:
    """Names of the dependencies, lower case."""
    lines: list[str] = []
    requirements, project = root / "requirements.txt", root / "pyproject.toml"
    if requirements.is_file():
        lines += requirements.read_text(errors="replace").splitlines()
    if project.exists():
        data = _toml(project)
        lines += [str(one) for one in _listed(data, "project", "dependencies")]
        lines += [str(one) for one in _listed(data, "tool", "poetry", "dependencies")]
    found = (re.match(r"[A-Za-z0-9._-]+", line.strip()) for line in lines)
    return {match.group(0).lower() for match in found if match}


def _listed(data: object, *keys: str) -> Iterable[object]:
    """A list, or the keys of a table; nothing where somebody wrote something else."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, list | dict) else ()


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError, RecursionError):
        return {}


def _prepare(root: Path) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """The commands, the files they read, and what that rests on."""
    if (root / "uv.lock").exists():
        inputs = ("pyproject.toml", "uv.lock")
        return ("uv sync --frozen --no-dev --no-install-project",), inputs, "dependencies from uv.lock"
    if (root / "requirements.txt").is_file():
        run = (VENV, ".venv/bin/pip install -r requirements.txt")
        return run, ("requirements.txt",), "dependencies from requirements.txt"
    if "project" in _toml(root / "pyproject.toml") or (root / "setup.py").exists():
        return (VENV, ".venv/bin/pip install ."), (), "the project itself is installed, with its dependencies"
    return (VENV,), (), "no requirements.txt, pyproject.toml or uv.lock: only the server is installed"
