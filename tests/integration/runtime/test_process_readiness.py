"""When an instance counts as ready, and what is said when it never does."""

import socket
import sys
from dataclasses import replace

import pytest
from instances import QUICK, one, ready, spec

from fairlead.runtimes.base import NotReady

pytestmark = pytest.mark.real
SHARED = True


def not_ready(runtime, *specs):
    """The error of waiting for them."""
    runtime.start(specs)
    with pytest.raises(NotReady) as error:
        runtime.await_ready([one.id for one in specs], lambda _: None)
    return error.value


def test_a_process_that_restarts_once_is_ready_when_its_successor_is(runtime, tmp_path):
    flag = tmp_path / "died once"
    code = (
        "import os, sys, runpy\n"
        f"flag = {str(flag)!r}\n"
        "if not os.path.exists(flag):\n"
        "    open(flag, 'w').close()\n"
        "    os.environ['DIE_ON'] = '2'\n"
        "runpy.run_path(sys.argv[1])\n"
    )
    program = spec().argv[-1]
    [id] = ready(runtime, spec(argv=(sys.executable, "-S", "-u", "-c", code, program)))
    assert one(runtime, id).starts == 2
    assert one(runtime, id).verified


def test_a_port_answered_by_a_stranger_is_never_ready(runtime):
    """The instance lives but cannot bind: somebody else answers the probes, and must not get users."""
    code = "import os,time,sys; time.sleep(3600)"
    instance = spec(argv=(sys.executable, "-S", "-c", code), health=replace(QUICK, ready=None, deadline=2))
    runtime.start([instance])
    with socket.create_server(("127.0.0.1", one(runtime, instance.id).port)):
        with pytest.raises(NotReady, match="is answered by another program"):
            runtime.await_ready([instance.id], lambda _: None)
    assert not one(runtime, instance.id).verified


def test_a_listener_of_a_grandchild_is_the_instances_own(runtime):
    """As gunicorn's or uvicorn's workers are."""
    code = "import subprocess,sys; subprocess.run([sys.executable, '-S', sys.argv[1]])"
    [id] = ready(runtime, spec(argv=(sys.executable, "-S", "-c", code, spec().argv[-1])))
    assert one(runtime, id).verified
