"""What the whole suite shares: which of the long tests run, what a missing program means, a disk that can be full."""

import functools
import gc
import os
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

import hypothesis
import pytest

from fairlead.masking.known import forget
from tests import initdb, memory, schedule, warm
from tests.compiling import make_part

ROOT = Path(__file__).parent.parent

gc.disable()  # until everything is collected: what is kept until the end needs not be gone through again and again

# What CI says of a commit it says again when it is asked again; at home every run tries other values.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("home", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "home")


def pytest_addoption(parser):
    parser.addoption(
        "--sample-long",
        type=float,
        default=0,
        metavar="SECONDS",
        help="run long tests too, as many as cost so much: others for each commit, the same ones for the same commit",
    )
    parser.addoption(
        "--write-heaviest",
        action="store_true",
        help="say at the end how long each file took, and keep it for the order in which files begin",
    )


def pytest_configure(config):
    """Started in the background a shell has us ignore Ctrl-C, and every program the tests start would do so too."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    for name, folder in getattr(config, "workerinput", {}).get("warm", {}).items():
        warm.SHARED[name].borrow(folder)
    if hasattr(config, "workerinput"):
        make_part(config, int(config.workerinput["workerid"].removeprefix("gw")), config.workerinput["workercount"])
    else:
        for made in (memory.begin(), initdb.begin()):  # before there are others to run tests, which inherit both
            if made:
                config.add_cleanup(functools.partial(shutil.rmtree, made, ignore_errors=True))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_configure_node(node):
    """To import all that commands need takes two seconds of a core: of several that run tests each would do that."""
    if node.workerinput["workercount"] > 1:
        node.workerinput["warm"] = {name: one.lend() for name, one in warm.SHARED.items()}


def pytest_collection_modifyitems(config, items):
    """Leave long tests out unless -m asks for them or they are in the sample; have the heaviest files first."""
    if "long" not in (config.option.markexpr or ""):
        _leave_out(config, items)
    order = {file: place for place, file in enumerate(schedule.heaviest_first({_file(item.nodeid) for item in items}))}
    items.sort(key=lambda item: order[_file(item.nodeid)])


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


def _leave_out(config, items):
    long = {item.nodeid: list(item.iter_markers("long")) for item in items if item.get_closest_marker("long")}
    costs = {
        name: next((mark.kwargs["seconds"] for mark in marks if "seconds" in mark.kwargs), schedule.COST)
        for name, marks in long.items()
        if all(mark.kwargs.get("sampled", True) for mark in marks)
    }
    left_out = long.keys() - schedule.drawn(costs, config.option.sample_long, _commit())
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left_out])
    items[:] = [item for item in items if item.nodeid not in left_out]


def _file(nodeid):
    return nodeid.partition("::")[0]


SPENT = Counter()  #: seconds by file


def pytest_runtest_logreport(report):
    SPENT[_file(report.nodeid)] += report.duration


def pytest_terminal_summary(terminalreporter, config):
    if config.option.write_heaviest and not hasattr(config, "workerinput"):
        schedule.write(SPENT)
        terminalreporter.section("seconds by file")
        terminalreporter.write(schedule.FILE.read_text())


def _commit():
    argv = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


@pytest.fixture(autouse=True)
def nothing_known():
    """What one test made a secret is none for the next: values that a process knows are masked wherever it speaks."""
    yield
    forget()


@pytest.fixture(scope="session")
def need():
    """`need("node")`: its path. Where it is missing the test is skipped, in CI it fails."""

    def need(program):
        found = shutil.which(program)
        if found:
            return found
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is missing")

    return need


@pytest.fixture(params=["the machine's", "busybox's"])
def tools(request, tmp_path, need):
    """`tools("psql")`: a PATH with a shell, its tools and these programs: this machine's, or as an image of Alpine has
    them, which is busybox and nothing else."""

    def tools(*programs):
        if request.param != "busybox's":
            return os.environ["PATH"]
        own, folder = need("busybox"), tmp_path / "busybox"
        listed = subprocess.run([own, "--list"], capture_output=True, text=True, check=True).stdout.split()
        folder.mkdir()
        for name, program in [*((name, own) for name in listed), *((name, need(name)) for name in programs)]:
            (folder / name).symlink_to(Path(program).resolve())
        return str(folder)

    return tools


@pytest.fixture(scope="session")
def docker_engine():
    """The machine's Docker engine (`tests.docker_engine`), with the images of tests/images.

    Where no engine answers, or an image is missing, the test is skipped; in CI it fails. `scripts/docker` has both.
    """
    from tests.docker_engine import DockerEngine, why_not  # noqa: PLC0415 — only these tests need it

    why = why_not()
    if why:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    return DockerEngine()


@pytest.fixture
def docker_project(docker_engine):
    """The name of a project that nobody else has. What Docker has of it at the end is removed."""
    from tests.docker_engine import unique  # noqa: PLC0415

    name = unique()
    yield name
    docker_engine.remove(name)


def _tmpfs():
    """`tmpfs(folder, "1m")`: a file system of that size there, for the test. It needs root, which CI must have."""
    mounted = []

    def tmpfs(folder, size):
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "fairlead-test", str(folder)]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode:
            why = f"a tmpfs could not be mounted: {done.stderr.strip()}"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
        mounted.append(folder)
        return folder

    yield tmpfs
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


tmpfs = pytest.fixture(_tmpfs)
modules_tmpfs = pytest.fixture(_tmpfs, scope="module")


@pytest.fixture
def small_disk(tmpfs, tmp_path):
    """A folder on a disk of 1 MB."""
    return tmpfs(tmp_path / "small", "1m")


@pytest.fixture(scope="session")
def postgres():
    """A real PostgreSQL (`tests.postgres_server`). Where there is none the test is skipped, in CI it fails."""
    from tests.postgres_server import programs, server  # noqa: PLC0415 — brings psycopg, which only these need

    if programs() is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL is missing: initdb")
    with server() as one:
        yield one
