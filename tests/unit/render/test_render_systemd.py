"""The unit that brings environments back: what it says, as systemd reads it."""

import subprocess
from pathlib import Path

import pytest

from fairlead.render.systemd import Boot, quoted, unit

ARGV = ("/opt/a b/bin/python", "-I", "-m", "fairlead", "up", "--all")


def parsed(text):
    """{SECTION: {KEY: [VALUES]}}; what no unit has is an error."""
    found, section = {}, None
    for line in text.splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            section.setdefault(key, []).append(value)
    return found


def test_of_the_system():
    boot = Boot(ARGV, Path("/var/lib/fairlead"), "root", {"FAIRLEAD_HOME": "/var/lib/fairlead", "PATH": "/usr/bin"})
    found = parsed(unit(boot))
    service = found["Service"]
    assert found["Unit"]["After"] == ["network-online.target docker.service containerd.service"]
    assert found["Unit"]["Wants"] == ["network-online.target"]
    assert "Requires" not in found["Unit"]  # where there is no Docker it starts all the same
    assert service["ExecStart"] == ['"/opt/a b/bin/python" "-I" "-m" "fairlead" "up" "--all"']
    assert service["Environment"] == ['"FAIRLEAD_HOME=/var/lib/fairlead"', '"PATH=/usr/bin"']
    assert (service["Type"], service["RemainAfterExit"], service["User"]) == (["simple"], ["yes"], ["root"])
    assert service["Restart"] == ["on-failure"]  # which a oneshot may have only from systemd 244 on
    # what it started is not ended with it, nor because one of many failed or ran out of memory
    assert (service["KillMode"], service["OOMPolicy"], service["TasksMax"]) == (["process"], ["continue"], ["infinity"])
    assert found["Install"] == {"WantedBy": ["multi-user.target"]}


@pytest.mark.parametrize(
    "key",
    [
        "RestrictSUIDSGID",  # the edge's folder is setgid
        "PrivateTmp",  # sockets lie in /tmp
        "ProtectHome",  # a user's home is there
        "ProtectSystem",
        "MemoryDenyWriteExecute",  # Node compiles
        "NoNewPrivileges",
        "ProtectControlGroups",
        "PrivateDevices",
        "UMask",
    ],
)
def test_it_takes_nothing_away_that_what_it_starts_needs(key):
    assert key not in parsed(unit(Boot(ARGV, Path("/h"), "root")))["Service"]


def test_of_a_user():
    found = parsed(unit(Boot(ARGV, Path("/home/me/.local/state/fairlead"))))
    assert not {"User", "ProtectKernelModules"} & found["Service"].keys()
    assert not {"After", "Wants", "RequiresMountsFor"} & found["Unit"].keys()  # its manager knows none of them
    assert found["Install"] == {"WantedBy": ["default.target"]}


def test_what_systemd_would_take_for_more_is_quoted():
    assert quoted('a "b" \\ 100%') == '"a \\"b\\" \\\\ 100%%"'
    text = unit(Boot(("/x/%h", "$HOME"), Path("/a%b c"), "root", {"PATH": "/p$X"}))
    assert 'ExecStart="/x/%%h" "$$HOME"' in text and 'RequiresMountsFor="/a%%b c"' in text
    assert 'Environment="PATH=/p$X"' in text  # nothing is put in there
    with pytest.raises(ValueError, match="can hold"):
        unit(Boot(("/x\nExecStartPost=/bin/evil",), Path("/h")))
    with pytest.raises(ValueError, match="can hold"):
        unit(Boot(("/x",), Path("/h\nUser=root")))
    with pytest.raises(ValueError, match="can start"):
        unit(Boot(("/$x",), Path("/h")))


@pytest.mark.parametrize("user", ["root", ""])
def test_systemd_takes_it(user, need, tmp_path):
    program = tmp_path / "a b %h"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    path = tmp_path / "fairlead.service"
    path.write_text(unit(Boot((str(program), "up", "--all"), tmp_path, user, {"PATH": "/usr/bin", "X": 'a "b" %c'})))
    words = [] if user else ["--user"]
    argv = [need("systemd-analyze"), "verify", *words, "--man=no", path]
    env = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=env)
    said = [line for line in done.stderr.splitlines() if path.name in line]
    assert (done.returncode, done.stdout, said) == (0, "", []), done.stderr
