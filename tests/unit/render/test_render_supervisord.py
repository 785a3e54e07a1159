"""supervisord's files, and that its own parser reads back what was meant."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from fairlead.render.supervisord import Program, main_file, program_file

PROGRAM = Program("0a1b.web.1", ("/usr/bin/python3", "-I", "launch.py", "spec.json"), "SIGINT", 2.4)
GOLDEN = """\
[program:0a1b.web.1]
command = "/usr/bin/python3" "-I" "launch.py" "spec.json"
autostart = false
autorestart = true
startsecs = 1
startretries = 10
exitcodes = 0
stopsignal = INT
stopwaitsecs = 2
stopasgroup = true
killasgroup = true
priority = 999
stdout_logfile = NONE
stderr_logfile = NONE
"""
MAIN = """\
[unix_http_server]
file = /home/100%%/sock
chmod = 0700
[supervisord]
logfile = supervisord.log
logfile_maxbytes = 1MB
logfile_backups = 2
pidfile = supervisord.pid
childlogdir = .
minfds = 1024
umask = 022
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[include]
files = programs/*.conf
"""


def test_a_program() -> None:
    assert program_file(PROGRAM) == GOLDEN


def test_the_main_file() -> None:
    assert main_file(Path("/home/100%/sock"), root=False) == MAIN
    assert main_file(Path("/s"), root=True).count("user = root\n") == 1
    assert "= fairlead.supervisor.rpc:make\n" in main_file(Path("/s"), root=False, asked=True)


def test_a_job_is_not_started_again() -> None:
    text = program_file(Program("0a1b.seed.1", ("run",), restart=False, start_seconds=0))
    assert "autorestart = false\n" in text
    assert "startretries = 0\n" in text
    assert "startsecs = 0\n" in text


@pytest.mark.parametrize(("grace", "seconds"), [(0.0, 1), (0.3, 1), (1.6, 2), (30.0, 30)])
def test_supervisord_waits_whole_seconds(grace: float, seconds: int) -> None:
    assert f"stopwaitsecs = {seconds}\n" in program_file(Program("a", ("run",), grace=grace))


def read_back(program: Program) -> list[str]:
    """The arguments as supervisord gets them: its parser, its expansion of %, its shlex."""
    options = pytest.importorskip("supervisor.options")
    parser = options.UnhosedConfigParser()
    parser.read_string(program_file(program))
    parser.expansions = {}
    return shlex.split(parser.saneget(f"program:{program.name}", "command", expansions={}))


@pytest.mark.parametrize(
    "item",
    [
        "plain",
        "two words",
        "100%",
        "%(here)s",
        'say "hi"',
        "it's",
        "back\\slash",
        "/home/ä/日本",
        "",
        "a;b",
        "a#b",
        "$HOME",
    ],
)
def test_supervisord_reads_what_was_meant(item: str) -> None:
    program = Program("0a1b.web.1", ("/usr/bin/python3", item, "last"))
    assert read_back(program) == ["/usr/bin/python3", item, "last"]


@pytest.mark.parametrize("item", ["a ;b", "a #b", "/home/with ; and #/spec.json"])
def test_what_looks_like_a_comment(item: str) -> None:
    program = Program("0a1b.web.1", ("/usr/bin/python3", item, "last"))
    assert read_back(program) == ["/usr/bin/python3", item, "last"]
