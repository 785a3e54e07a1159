"""Real servers with the sample applications, each on a free port, each ended by its own process id."""

import os
import signal
import subprocess

import pytest
from app_servers import APPS, COMMANDS, Server

from fairlead.demo.sandbox import free_port


@pytest.fixture
def start(need):
    """`start("uvicorn", VERSION="2") -> Server`, not yet ready; `folder=` another folder than tests/apps."""
    servers = []

    def start(name, folder=APPS, command=None, **env):
        if name == "node":
            need("node")
        port = free_port()
        argv = [part.format(port=port) for part in command or COMMANDS[name]]
        environment = {**os.environ, "PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1", **env}
        process = subprocess.Popen(argv, cwd=folder, env=environment, start_new_session=True)
        servers.append(Server(f"http://127.0.0.1:{port}", process))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
