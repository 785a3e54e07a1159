"""Building for real: virtual environments, several processes, kills, failures and a full disk."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairlead.artifacts import ArtifactStore, scan
from fairlead.artifacts.prepare import base_python, environment
from fairlead.artifacts.tree import copy_files
from fairlead.errors import FairleadError, UsageError
from fairlead.project.stack import Prepare
from fairlead.system.clock import wait_until
from fairlead.system.files import remove_tree

Make = Callable[[Path, dict[str, str]], Path]

VENV = Prepare(("${PYTHON} -m venv --without-pip .venv",), ("requirements.txt",))
INSTALL = """\
import pathlib, sys
tool = pathlib.Path(sys.executable).with_name("tool")
tool.write_text(f"#!{sys.executable}\\nimport sys\\nprint(sys.prefix)\\n")
tool.chmod(0o755)
"""  # a script as pip writes it


def python(code: str) -> str:
    """A command line that runs `code` with the base interpreter."""
    return f'${{PYTHON}} -c "{code}"'


def touch(name: str) -> str:
    return python(f"open('{name}', 'w').write('{name}')")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArtifactStore]:
    made = ArtifactStore(tmp_path / "artifacts")
    yield made
    remove_tree(made.root)


@pytest.fixture
def app(tmp_path: Path, make: Make) -> Path:
    files = {"main.py": "print('one')", "requirements.txt": "x", "sub/run": "#!/bin/sh", "link": "->sub/run"}
    source = make(tmp_path / "app", files)
    (source / "sub/run").chmod(0o755)
    return source


def left(store: ArtifactStore) -> list[str]:
    """All that is below the store, apart from the lock files."""
    folders = [store.root, store.root / "layers"]
    found = [each for folder in folders if folder.is_dir() for each in folder.iterdir()]
    return sorted(each.name for each in found if each.name not in ("locks", "layers"))


def test_without_prepare_the_artifact_is_the_source(store: ArtifactStore, app: Path) -> None:
    os.utime(app / "main.py", (1000, 1000))
    planned = store.digest_of(app, None)
    assert not store.exists(planned)
    artifact = store.ensure(app, None)
    assert artifact.digest == planned
    assert artifact.built
    assert artifact.path == store.path(planned)
    assert (artifact.path / "main.py").read_text() == "print('one')"
    assert (artifact.path / "main.py").stat().st_mtime == 1000
    assert os.access(artifact.path / "sub/run", os.X_OK)
    assert (artifact.path / "link").readlink() == Path("sub/run")
    again = store.ensure(app, None)
    assert (again.digest, again.built, again.seconds) == (planned, False, 0.0)
    assert store.all() == {planned}
    store.verify(planned)


def test_what_is_built_is_read_only(store: ArtifactStore, app: Path) -> None:
    store.ensure(app, Prepare((touch("made"),), ("requirements.txt",)))
    for folder, _, files in os.walk(store.root):
        if "/tree" in folder:
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                mode = path.lstat().st_mode
                assert stat.S_ISLNK(mode) or not mode & 0o222, path


def test_what_others_may_not_read_stays_so(store: ArtifactStore, app: Path) -> None:
    for name, mode in ((".env", 0o600), ("secret.sh", 0o700), ("open.txt", 0o664)):
        (app / name).write_text("x")
        (app / name).chmod(mode)
    tree = store.ensure(app, None).path
    modes = {name: stat.S_IMODE((tree / name).stat().st_mode) for name in (".env", "secret.sh", "open.txt")}
    assert modes == {".env": 0o400, "secret.sh": 0o500, "open.txt": 0o444}


def test_a_virtual_environment_in_a_layer_works_and_is_made_once(store: ArtifactStore, app: Path) -> None:
    lines: list[str] = []
    first = store.ensure(app, VENV, lines.append)
    (app / "main.py").write_text("print('two')")
    second = store.ensure(app, VENV, lines.append)
    assert first.digest != second.digest
    assert sum(line.startswith("$ ") for line in lines) == 1
    assert (first.path / ".venv").is_symlink()
    assert (first.path / ".venv").readlink() == (second.path / ".venv").readlink()
    code = "import sys; print(sys.prefix != sys.base_prefix)"
    ran = subprocess.run([".venv/bin/python", "-c", code], cwd=second.path, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "True"
    (app / "requirements.txt").write_text("y")
    third = store.ensure(app, VENV, lines.append)
    assert sum(line.startswith("$ ") for line in lines) == 2
    assert (third.path / ".venv").readlink() != (first.path / ".venv").readlink()
    for artifact in (first, second, third):
        store.verify(artifact.digest)


def test_scripts_of_a_virtual_environment_find_their_python(store: ArtifactStore, app: Path) -> None:
    """Scripts carry an absolute path; that is why nothing is built elsewhere and moved."""
    (app / "install.py").write_text(INSTALL)
    run = ("${PYTHON} -m venv --without-pip .venv", ".venv/bin/python install.py", ".venv/bin/tool")
    layer, own_tree = Prepare(run, ("install.py",)), Prepare(run)
    for prepare in (layer, own_tree):
        artifact = store.ensure(app, prepare)
        ran = subprocess.run([".venv/bin/tool"], cwd=artifact.path, capture_output=True, text=True, check=True)
        assert str(store.root) in ran.stdout


def test_a_layer_sees_its_inputs_only_and_merges(store: ArtifactStore, app: Path, make: Make) -> None:
    make(app, {"web/assets/own.txt": "own", "web/assets/both.txt": "source", "deps/a.lock": "1", "deps/b/c.lock": "2"})
    see = (
        "import os; s = sorted(os.path.join(f, n) for f, _, ns in os.walk('.') for n in ns); "
        "open('seen', 'w').write(' '.join(s))"
    )
    fill = (
        "import os; os.makedirs('web/assets/deep'); open('web/assets/both.txt', 'w').write('prepared'); "
        "open('web/assets/deep/new.txt', 'w'); open('deps/made', 'w'); os.mkdir('modules'); open('modules/m', 'w'); "
        "open('deps/a.lock', 'w').write('rewritten')"
    )
    artifact = store.ensure(app, Prepare((python(see), python(fill)), ("requirements.txt", "./deps")))
    tree = artifact.path
    assert (tree / "seen").read_text() == "./deps/a.lock ./deps/b/c.lock ./requirements.txt"
    assert (tree / "web/assets/own.txt").read_text() == "own"
    assert (tree / "web/assets/both.txt").read_text() == "prepared"
    assert (tree / "web/assets/deep").is_symlink()
    assert (tree / "modules").is_symlink()
    assert not (tree / "deps").is_symlink()
    assert (tree / "deps/made").is_symlink()
    assert (tree / "deps/a.lock").read_text() == "1"  # an input stays what the source says
    store.verify(artifact.digest)


def test_a_prepared_folder_replaces_a_file_and_the_other_way_round(store: ArtifactStore, app: Path, make: Make) -> None:
    make(app, {"was-file": "x", "was-folder/x": "x"})
    code = "import os; os.mkdir('was-file'); open('was-file/new', 'w'); open('was-folder', 'w').write('file')"
    tree = store.ensure(app, Prepare((python(code),), ("requirements.txt",))).path
    assert (tree / "was-file/new").is_file()
    assert (tree / "was-folder").read_text() == "file"


def test_the_digest_depends_on_source_commands_and_inputs(store: ArtifactStore, app: Path) -> None:
    recipes = [
        None,
        Prepare((touch("a"),)),
        Prepare((touch("b"),)),
        Prepare((touch("a"),), ("requirements.txt",)),
        Prepare((touch("a"),), ("main.py",)),
    ]
    digests = {store.digest_of(app, recipe) for recipe in recipes}
    (app / "main.py").write_text("other")
    digests.add(store.digest_of(app, None))
    assert len(digests) == 6
    assert store.all() == set()


@pytest.mark.parametrize("inputs", [(), ("requirements.txt",)])
def test_a_failing_command_leaves_nothing(store: ArtifactStore, app: Path, inputs: tuple[str, ...]) -> None:
    lines: list[str] = []
    bad = Prepare((touch("made"), python("import sys; print('what went wrong'); sys.exit(3)")), inputs)
    with pytest.raises(FairleadError, match="exited with 3") as caught:
        store.ensure(app, bad, lines.append)
    assert "what went wrong" in caught.value.message
    assert base_python() in caught.value.message
    assert caught.value.hint
    assert "what went wrong" in lines
    assert left(store) == []


def test_a_missing_program_is_told(store: ArtifactStore, app: Path) -> None:
    with pytest.raises(FairleadError, match="No such file") as caught:
        store.ensure(app, Prepare(("no-such-program --install",)))
    assert "install the program" in (caught.value.hint or "")
    assert left(store) == []


@pytest.mark.parametrize(
    "output",
    [
        "The virtual environment was not created successfully because ensurepip is not available.",
        "/usr/bin/python3: No module named venv",
    ],
)
def test_a_python_without_venv_is_one_clear_line(store: ArtifactStore, app: Path, output: str) -> None:
    with pytest.raises(FairleadError, match="venv module is not installed") as caught:
        store.ensure(app, Prepare((python(f"import sys; sys.exit('{output}')"),)))
    assert "apt install python3-venv" in (caught.value.hint or "")
    assert "\n" not in caught.value.message


def test_bad_commands_and_inputs_are_told_before_anything_runs(store: ArtifactStore, app: Path, make: Make) -> None:
    make(app, {".gitignore": "*.lock\n", "npm.lock": ""})
    for prepare, message in (
        (Prepare(('echo "open',)), "No closing quotation"),
        (Prepare(("  ",)), "empty command"),
        (Prepare(("true",), ("missing.txt",)), "`missing.txt` is not there"),
        (Prepare(("true",), ("npm.lock",)), "`npm.lock` is left out of the source"),
        (Prepare(("true",), ("../secrets",)), "is not there"),
    ):
        with pytest.raises(FairleadError, match=message):
            store.digest_of(app, prepare)
    with pytest.raises(UsageError):
        store.ensure(app / "nowhere", None)
    assert not store.root.exists()


def test_commands_get_a_clean_environment(
    store: ArtifactStore, app: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.com/simple")
    monkeypatch.setenv("https_proxy", "http://proxy.example.com")
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/ca.pem")
    monkeypatch.setenv("npm_config_registry", "https://npm.example.com")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("VIRTUAL_ENV", "/somewhere")
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin:{os.environ['PATH']}")
    code = "import os; open('env', 'w').write(chr(10).join(f'{k}={v}' for k, v in os.environ.items()))"
    text = (store.ensure(app, Prepare((python(code),))).path / "env").read_text()
    env = dict(line.split("=", 1) for line in text.splitlines())
    assert env["PIP_INDEX_URL"] == "https://packages.example.com/simple"
    assert env["https_proxy"] == "http://proxy.example.com"
    assert env["NODE_EXTRA_CA_CERTS"] == "/ca.pem"
    assert env["npm_config_registry"] == "https://npm.example.com"
    assert {"PATH", "HOME", "LANG"} <= set(env)
    assert not {"DATABASE_PASSWORD", "PYTHONPATH", "VIRTUAL_ENV"} & set(env)
    if sys.prefix != sys.base_prefix:
        assert f"{sys.prefix}/bin" not in env["PATH"].split(":")
    assert environment(tmp_path)["LANG"]


def test_the_first_changed_file_is_named(store: ArtifactStore, app: Path) -> None:
    prepare = Prepare((touch("made"),), ("requirements.txt",))
    artifact = store.ensure(app, prepare)
    tree = artifact.path

    def broken(path: Path, how: str) -> None:
        with pytest.raises(FairleadError, match=how) as caught:
            store.verify(artifact.digest)
        assert str(path) in caught.value.message

    for folder in (tree, tree / "sub"):
        folder.chmod(0o755)
    (tree / "main.py").chmod(0o644)
    (tree / "main.py").write_text("print('evil')")
    broken(tree / "main.py", "was changed")
    (tree / "main.py").write_text("print('one')")
    store.verify(artifact.digest)
    (tree / "new.py").write_text("")
    broken(tree / "new.py", "was added")
    (tree / "new.py").unlink()
    (tree / "sub/__pycache__").mkdir()
    (tree / "sub/__pycache__/x.cpython-311.pyc").write_text("")
    store.verify(artifact.digest)
    (tree / "sub/run").unlink()
    broken(tree / "sub/run", "was removed")
    (tree / "sub/run").write_text("#!/bin/sh")
    broken(tree / "sub/run", "was changed")  # no longer executable
    (tree / "sub/run").chmod(0o755)
    made = (tree / "made").resolve()
    made.chmod(0o644)
    made.write_text("evil")
    broken(made, "was changed")
    made.write_text("made")
    store.verify(artifact.digest)
    (tree.parent / "files.json").write_text("[]")
    broken(tree.parent / "files.json", "was changed")


def test_remove_and_sweep(store: ArtifactStore, app: Path) -> None:
    prepare = Prepare((touch("made"),), ("requirements.txt",))
    first = store.ensure(app, prepare)
    (app / "main.py").write_text("print('two')")
    second = store.ensure(app, prepare)
    layer = str((first.path / "made").resolve().parents[1])
    assert store.sweep() == ()
    store.remove(first.digest)
    store.remove(first.digest)
    assert store.sweep() == ()  # the second one uses the layer
    store.verify(second.digest)
    store.remove(second.digest)
    assert store.sweep() == (layer,)
    assert left(store) == []
    with pytest.raises(FairleadError, match="not there"):
        store.verify(second.digest)
    with pytest.raises(FairleadError, match="not the digest"):
        store.remove("../../etc")


def test_a_lost_layer_is_made_again_where_it_was(store: ArtifactStore, app: Path) -> None:
    artifact = store.ensure(app, Prepare((touch("made"),), ("requirements.txt",)))
    inode = (artifact.path / "main.py").stat().st_ino
    remove_tree((artifact.path / "made").resolve().parents[1])
    assert not store.exists(artifact.digest)
    store.ensure(app, Prepare((touch("made"),), ("requirements.txt",)))
    assert (artifact.path / "made").read_text() == "made"
    assert (artifact.path / "main.py").stat().st_ino == inode  # a running release keeps its files


WAIT = "import os, pathlib, time; p = pathlib.Path('{0}'); (p / str(os.getpid())).touch(); open('made', 'w')"
WAIT += "\nwhile not (p / 'go').exists(): time.sleep(0.02)"

BUILD = """
import sys
from pathlib import Path
from fairlead.artifacts import ArtifactStore
from fairlead.project.stack import Prepare
store, source, run, inputs = sys.argv[1:]
prepare = Prepare((run,), tuple(inputs.split()))
artifact = ArtifactStore(Path(store)).ensure(Path(source), prepare, lambda line: print(line, flush=True))
print("built" if artifact.built else "found", artifact.digest)
"""


def builder(store: ArtifactStore, app: Path, run: str, inputs: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", BUILD, str(store.root), str(app), run, inputs]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Where waiting commands leave their pid; a file `go` lets them end."""
    folder = tmp_path / "gate"
    folder.mkdir()
    return folder


def waiting(gate: Path) -> str:
    (gate / "wait.py").write_text(WAIT.format(gate))
    return "${PYTHON} " + str(gate / "wait.py")


def pids(gate: Path) -> list[int]:
    return [int(each.name) for each in gate.iterdir() if each.name.isdigit()]


@pytest.mark.parametrize("inputs", ["", "requirements.txt"])
def test_two_processes_build_once(store: ArtifactStore, app: Path, gate: Path, inputs: str) -> None:
    first = builder(store, app, waiting(gate), inputs)
    assert wait_until(lambda: bool(pids(gate)), 120)
    second = builder(store, app, waiting(gate), inputs)
    assert second.stdout is not None
    assert "waiting: process" in second.stdout.readline()
    assert store.sweep() == ()  # a live build is not touched
    (gate / "go").touch()
    outputs = [process.communicate(timeout=300)[0].split() for process in (first, second)]
    assert [output[-2] for output in outputs] == ["built", "found"]
    assert len(pids(gate)) == 1
    store.verify(outputs[0][-1])


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat_file = Path(f"/proc/{pid}/stat")
    return stat_file.exists() and stat_file.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("inputs", ["", "requirements.txt"])
@pytest.mark.parametrize("next_act", ["ensure", "sweep"])
def test_a_killed_build_is_cleaned_and_done_again(
    store: ArtifactStore, app: Path, gate: Path, inputs: str, next_act: str
) -> None:
    run = waiting(gate)
    with builder(store, app, run, inputs) as victim:
        assert wait_until(lambda: bool(pids(gate)), 120)
        victim.kill()
    (orphan,) = pids(gate)
    assert not gone(orphan)  # what the build started lives on
    prepare = Prepare((run,), tuple(inputs.split()))
    digest = store.digest_of(app, prepare)
    assert not store.exists(digest)
    assert store.all() == set()
    if next_act == "sweep":
        assert store.sweep()
        assert left(store) == []
        assert gone(orphan)
    (gate / str(orphan)).unlink()
    thread = threading.Thread(target=lambda: (wait_until(lambda: bool(pids(gate)), 120), (gate / "go").touch()))
    thread.start()
    artifact = store.ensure(app, prepare)
    thread.join()
    assert artifact.built
    assert gone(orphan)
    store.verify(digest)


def test_interrupting_a_build_leaves_nothing(store: ArtifactStore, app: Path, gate: Path) -> None:
    with builder(store, app, waiting(gate), "") as process:
        assert wait_until(lambda: bool(pids(gate)), 120)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(120) != 0
        finally:
            process.kill()
    assert gone(pids(gate)[0])
    assert left(store) == []


@pytest.mark.parametrize("change", [lambda path: path.write_text("changed"), lambda path: path.unlink()])
def test_a_source_that_changes_meanwhile_is_an_error(app: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    tree = scan(app)
    change(app / "main.py")
    (tmp_path / "copy").mkdir()
    with pytest.raises(FairleadError, match="changed while it was being copied") as caught:
        copy_files(tree, tree.files, tmp_path / "copy")
    assert str(app / "main.py") in caught.value.message


def test_many_files(store: ArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "many"
    for folder in range(100):
        (source / str(folder)).mkdir(parents=True)
        for file in range(30):
            (source / str(folder) / f"{file}.txt").write_text(str(file))
    begun = time.monotonic()
    artifact = store.ensure(source, None)
    print(f"3000 files in {time.monotonic() - begun:.2f} s")
    store.verify(artifact.digest)
    assert sum(len(files) for _, _, files in os.walk(artifact.path)) == 3000


@pytest.mark.parametrize("where", ["copy", "prepare", "layer"])
def test_disk_full(small_disk: Path, app: Path, where: str) -> None:
    store = ArtifactStore(small_disk / "artifacts")
    big = python("open('big', 'wb').write(b'x' * 2_000_000)")
    prepare = Prepare((big,), ("requirements.txt",) if where == "layer" else ())
    if where == "copy":
        (app / "big").write_bytes(b"x" * 2_000_000)
    with pytest.raises(FairleadError, match=r"No space left") as caught:
        store.ensure(app, None if where == "copy" else prepare)
    assert "free" in (caught.value.hint or "")
    assert left(store) == []
    assert store.all() == set()
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    artifact = store.ensure(app, None if where == "copy" else prepare)
    store.verify(artifact.digest)


def test_disk_full_when_the_manifest_is_written(small_disk: Path, app: Path) -> None:
    """The commands leave no block free and the last file does not fit: the artifact does not count."""
    store = ArtifactStore(small_disk / "artifacts")
    code = (
        "f = open('big', 'wb', buffering=0)\nn = 4096\ntry:\n  while n: n = f.write(bytes(4096))\nexcept OSError: pass"
    )
    (app / "fill.py").write_text(code)
    with pytest.raises(FairleadError, match="No space left") as caught:
        store.ensure(app, Prepare(("${PYTHON} fill.py",)))
    assert "free some space" in (caught.value.hint or "")
    assert left(store) == []
