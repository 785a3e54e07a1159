"""The files of this repository, read once, for tests that measure them."""

import ast
import gc
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src" / "fairlead"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def committed(ending: str = "") -> tuple[Path, ...]:
    """Files that are committed, or would be: those that git does not ignore."""
    argv = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split("\0")
    files = (ROOT / name for name in sorted(set(names)) if name.endswith(ending) and name)
    return tuple(file for file in files if file.is_file())


@cache
def source() -> tuple[Path, ...]:
    """The Python files of the package, without the applications that the demo deploys."""
    return tuple(file for file in committed(".py") if SOURCE in file.parents and "project/app" not in file.as_posix())


@cache
def parsed(file: Path) -> ast.Module:
    """Its syntax tree, which is kept: the garbage collector has no reason to go through millions of nodes."""
    gc.disable()
    try:
        return ast.parse(file.read_text("utf-8"), str(file))
    finally:
        gc.freeze()
        gc.enable()


@dataclass(frozen=True)
class Found:
    """A function and where it stands."""

    file: Path
    node: Function
    qualified: str
    inner: bool  #: defined inside another function

    @cached_property
    def lines(self) -> int:
        """Lines of code, without the docstring."""
        doc = self.node.body[0] if ast.get_docstring(self.node) else None
        return self.node.end_lineno - self.node.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)

    def __str__(self) -> str:
        return f"{shown(self.file)}:{self.node.lineno} {self.qualified} ({self.lines} lines)"


@cache
def functions(file: Path) -> tuple[Found, ...]:
    """Every function of a file, methods and inner ones too."""

    def walk(node: ast.AST, prefix: str, inner: bool) -> Iterator[Found]:
        for child in ast.iter_child_nodes(node):
            is_function = isinstance(child, Function)
            if is_function:
                yield Found(file, child, f"{prefix}{child.name}", inner)
            below = f"{prefix}{child.name}." if is_function or isinstance(child, ast.ClassDef) else prefix
            yield from walk(child, below, inner or is_function)

    return tuple(walk(parsed(file), "", False))


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    """Everything in its syntax tree."""
    return tuple(ast.walk(parsed(file)))


def calls(file: Path) -> Iterator[ast.Call]:
    """Every call in a file."""
    return (node for node in nodes(file) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """The last part of what is called: `open`, `read_text`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def shown(file: Path) -> str:
    """Its path inside the repository."""
    return file.relative_to(ROOT).as_posix()


def at(file: Path, node: ast.AST) -> str:
    """`path:line`."""
    return f"{shown(file)}:{node.lineno}"
