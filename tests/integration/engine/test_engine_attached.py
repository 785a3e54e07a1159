"""Commands in a real container: their two streams, what is typed, their exit code; and with a terminal."""

import os
import pty
import select
import subprocess
import sys
import uuid

import pytest

from fairlead.engine.engine import Engine
from fairlead.render.container import ContainerSpec
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

CALL = "import sys; from fairlead.engine.attached import execute; from fairlead.engine.engine import Engine; "
CALL += "sys.exit(execute(Engine(), sys.argv[1], sys.argv[2:]))"


@pytest.fixture(scope="module")
def running(docker_engine):
    engine, name = Engine(), f"fairlead-test-{uuid.uuid4().hex[:8]}"
    engine.create(ContainerSpec(name=name, image="fairlead-test/tiny", argv=("busybox", "sleep", "300"), stop_grace=1))
    engine.start(name)
    yield name
    engine.remove(name)


def run(name, *argv, typed=b""):
    return subprocess.run([sys.executable, "-c", CALL, name, *argv], input=typed, capture_output=True, check=False)


def test_both_streams_and_the_exit_code(running):
    done = run(running, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_what_is_typed_goes_in_to_its_end(running):
    much = b"line\n" * 50_000
    done = run(running, "busybox", "cat", typed=much)
    assert done.returncode == 0 and done.stdout == much


def test_a_command_that_is_not_there(running):
    assert run(running, "no-such-program").returncode in (126, 127)


def test_with_a_terminal_it_has_one_too(running):
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-c", CALL, running, "sh", "-c", "test -t 0 && test -t 1 && read word && echo got:$word"]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        os.write(ours, b"hello\n")
        said = bytearray()
        assert wait_until(lambda: b"got:hello" in said or said.extend(read(ours)), 240)
        assert child.wait(300) == 0
    os.close(ours)


def read(descriptor):
    """What there is; nothing when the other end is closed."""
    try:
        return os.read(descriptor, 4096) if select.select([descriptor], [], [], 0.1)[0] else b""
    except OSError:
        return b""
