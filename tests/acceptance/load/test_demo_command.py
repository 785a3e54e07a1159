"""`fairlead demo`, the installed program: whole, and interrupted in the middle. Nothing of it may stay."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-I", "-m", "fairlead", "demo"]


@pytest.fixture
def demo(tmp_path):
    """Start it with its folder for temporary files in `tmp_path`; afterwards nothing there and no process."""
    started = []

    def demo(*options):
        env = {**os.environ, "TMPDIR": str(tmp_path)}
        started.append(
            subprocess.Popen(
                [*COMMAND, *options], env=env, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        )
        return started[-1]

    yield demo
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def left_over(folder):
    """Processes and files."""
    pids = [name for name in os.listdir("/proc") if name.isdigit()] if os.path.exists("/proc/self") else []
    return [pid for pid in pids if str(folder) in command_line(pid)] + list(folder.iterdir())


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def test_it_loses_nothing_and_leaves_nothing(demo, tmp_path):
    process = demo("--json")
    output, lines = process.communicate(timeout=900)
    assert process.returncode == 0, lines
    report = json.loads(output)
    assert (report["ok"], report["lost"], report["websockets_cut"], report["left_running"]) == (True, 0, 0, 0)
    assert report["requests"] > 500
    assert report["ledger_verified"]
    assert report["application_errors"] == report["traffic"]["versions"]["4-broken"]["app_errors"] > 0
    assert report["rolled_back_seconds"] > 0
    assert len(report["acts"]) == 9
    assert left_over(tmp_path) == []


def test_it_leaves_nothing_when_interrupted(demo, tmp_path):
    process = demo()
    for line in process.stderr:
        if re.match("Version 2", line):
            break
    process.send_signal(signal.SIGINT)
    output, lines = process.communicate(timeout=900)
    assert process.returncode == 130, lines
    assert "nothing is left running" in lines
    assert output == ""
    assert left_over(tmp_path) == []
