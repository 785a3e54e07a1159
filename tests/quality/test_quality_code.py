"""The measures that the code is held to; what ruff and mypy check is not repeated here."""

import ast
import io
import tokenize

from repository import ROOT, SOURCE, at, called, calls, committed, functions, nodes, parsed, shown, source

#: Where an exception of any kind may be caught, and why. Everywhere else the kind is named.
OUTER_BOUNDARIES = {
    "src/fairlead/cli/main.py": "the last one who can say it in words",
    "src/fairlead/system/forks.py": "a fork: what is above the call in its stack is the parent's",
    "src/fairlead/system/detached.py": "a fork that outlives its parent: nobody else could say it",
    "src/fairlead/demo/traffic.py": "a thread: what went wrong is raised again where its outcome is asked for",
    "src/fairlead/system/threads.py": "a thread: what went wrong is raised again when all have ended",
}

#: Modules of pure packages that may read files, and why.
READERS = {
    "src/fairlead/project/loader.py": "it is the loader",
    "src/fairlead/project/reference.py": "reads examples that are part of the package",
}

IO_CALLS = {
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "exists", "is_file", "is_dir", "iterdir", "glob",
    "rglob", "mkdir", "unlink", "stat", "lstat", "touch", "rename", "getenv", "run", "Popen", "sleep",
    "print", "connect", "urlopen",
}  # fmt: skip


def test_no_file_is_longer_than_500_lines():
    lengths = {shown(file): file.read_text("utf-8").count("\n") for file in committed(".py")}
    assert {name: length for name, length in lengths.items() if length > 500} == {}


def test_95_of_100_functions_are_under_30_lines():
    sizes = sorted(one.lines for file in source() for one in functions(file))
    assert sizes[int(len(sizes) * 0.95)] < 30


def test_no_function_is_longer_than_60_lines():
    assert [str(one) for file in source() for one in functions(file) if one.lines > 60] == []


def test_no_command_goes_through_a_shell():
    found = []
    for file in committed(".py"):
        for call in calls(file):
            shell = any(word.arg == "shell" and getattr(word.value, "value", True) for word in call.keywords)
            asks = called(call) in ("system", "popen") and ast.unparse(call.func) in ("os.system", "os.popen")
            if shell or asks:
                found.append(at(file, call))
    assert found == []


def test_broad_except_only_at_outer_boundaries():
    handlers = [(file, node) for file in source() for node in nodes(file) if _swallows_anything(node)]
    assert {shown(file) for file, _ in handlers} == set(OUTER_BOUNDARIES)


def _swallows_anything(node):
    """An `except` for everything that does not pass it on after tidying up."""
    if not isinstance(node, ast.ExceptHandler) or _is_bare_raise(node.body[-1]):
        return False
    kinds = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)} if node.type else {"Exception"}
    return bool(kinds & {"Exception", "BaseException"})


def _is_bare_raise(statement):
    return isinstance(statement, ast.Raise) and statement.exc is None


def test_no_notes_left_for_later():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")
    found = []
    for file in committed(".py"):
        text = file.read_text("utf-8")
        if not any(mark in text for mark in marks):
            continue
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and any(mark in token.string for mark in marks):
                found.append(f"{shown(file)}:{token.start[0]} {token.string}")
    assert found == []


def test_pure_packages_do_no_input_or_output():
    rollout = [SOURCE / "rollout" / f"{name}.py" for name in ("plan", "parts", "order", "steps", "routing")]
    folders = [SOURCE / "project", SOURCE / "render", SOURCE / "rollout" / "strategies"]
    pure = [file for file in source() if file in rollout or any(folder in file.parents for folder in folders)]
    assert len(pure) > 30
    found = [
        f"{at(file, call)} {called(call)}"
        for file in pure
        if shown(file) not in READERS
        for call in calls(file)
        if called(call) in IO_CALLS and not ast.unparse(call.func).startswith(("re.", "self."))
    ]
    assert found == []


def test_every_module_says_what_it_is_for():
    assert [shown(file) for file in source() if not ast.get_docstring(parsed(file))] == []


def test_public_classes_and_functions_have_docstrings():
    found = []
    for file in source():
        for node in nodes(file):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
                found.append(f"{at(file, node)} {node.name}")
        for one in functions(file):
            public = not one.inner and not any(part.startswith("_") for part in one.qualified.split("."))
            says_itself = len(one.node.body) == 1 and isinstance(one.node.body[0], ast.Return)
            if public and not says_itself and not ast.get_docstring(one.node):
                found.append(str(one))
    assert found == []


def test_no_test_replaces_our_own_code():
    found = []
    for file in committed(".py"):
        if ROOT / "tests" in file.parents:
            for node in nodes(file):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
                if any(name in ("mock", "unittest.mock", "MagicMock", "patch") for name in names):
                    found.append(at(file, node))
    assert found == []
