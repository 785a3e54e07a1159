"""`fairlead demo`, the installed program: whole, and interrupted in the middle. Nothing of it may stay.

To install the application's server costs as much as five deployments; it is that of this Python. The quickstart's test
does it as it is written: it is the same project. And a third as much is asked for as in a demo that somebody watches,
with less of a pause between two acts.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
from tests.commands import python

from fairlead.demo.acts import PROJECT

WITH_ANOTHER_PROJECT = """\
import dataclasses, pathlib, sys
from fairlead.demo import acts
acts.PROJECT = pathlib.Path(sys.argv.pop())
acts.TRAFFIC = dataclasses.replace(acts.TRAFFIC, rate=40.0)
acts.BREATH = 0.7
from fairlead.__main__ import main
main()
"""


@pytest.fixture
def demo(tmp_path):
    """Start it with its folder for temporary files in `tmp_path`; afterwards nothing there and no process."""
    started = []

    def demo(*argv):
        env = {**os.environ, "TMPDIR": str(tmp_path)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(argv, env=env, cwd=tmp_path, text=True, **pipes))
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


def with_this_python(found):
    program, arguments = found[0].removeprefix(".venv/bin/").split(" ", 1)
    return python(arguments if program == "python" else f"-m {program} {arguments}")


@pytest.fixture
def prepared(tmp_path_factory):
    """The demo's project with nothing to install: its server is that of this Python."""
    folder = tmp_path_factory.mktemp("prepared") / "project"
    shutil.copytree(PROJECT, folder)
    text = re.sub(r"(?m)^ *prepare: .*\n", "", (folder / "fairlead.yaml").read_text())
    text, commands = re.subn(r"\.venv/bin/[\w.:/${} -]+\b}?", with_this_python, text)
    assert commands == 3
    (folder / "fairlead.yaml").write_text(text)
    return folder


def test_it_loses_nothing_and_leaves_nothing(demo, prepared, tmp_path):
    process = demo(sys.executable, "-I", "-c", WITH_ANOTHER_PROJECT, "demo", "--json", prepared)
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


def test_it_leaves_nothing_when_interrupted(demo, prepared, tmp_path):
    process = demo(sys.executable, "-I", "-c", WITH_ANOTHER_PROJECT, "demo", prepared)
    for line in process.stderr:
        if re.match("Version 2", line):
            break
    process.send_signal(signal.SIGINT)
    output, lines = process.communicate(timeout=900)
    assert process.returncode == 130, lines
    assert "nothing is left running" in lines
    assert output == ""
    assert left_over(tmp_path) == []


def test_it_leaves_nothing_when_nobody_reads_it_any_more(demo, prepared, tmp_path):
    process = demo(sys.executable, "-I", "-c", WITH_ANOTHER_PROJECT, "demo", prepared)
    assert process.stderr.readline()
    process.stderr.close()
    process.stdout.close()
    assert process.wait(900) != 0
    assert left_over(tmp_path) == []
