"""The unit of this home: written, enabled and taken away, against a systemctl that does only what the real one does."""

import os
from pathlib import Path

import pytest

from fairlead.errors import FairleadError, Refused
from fairlead.operations import startup as operation
from fairlead.operations.checks import startup as checks

SYSTEMCTL = """\
#!/bin/sh
# enable and disable make and remove the link that [Install] names; anything else but daemon-reload is refused
set -eu
echo "$*" >> "{log}"
[ "$1" != --user ] || shift
case "$1" in
    daemon-reload) [ $# = 1 ] ;;
    enable)
        wanted=$(sed -n 's/^WantedBy=//p' "{folder}/$2")
        mkdir -p "{folder}/$wanted.wants" && ln -s "{folder}/$2" "{folder}/$wanted.wants/$2" ;;
    disable) rm "{folder}"/*.wants/"$2" ;;
    *) exit 64 ;;
esac
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine that systemd runs, and what was asked of it."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    folder = tmp_path / operation.SYSTEM if os.geteuid() == 0 else tmp_path / "config" / "systemd" / "user"
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "systemctl"
    program.write_text(SYSTEMCTL.format(log=tmp_path / "log", folder=folder))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / operation.LINGERING).mkdir(parents=True)
    monkeypatch.setattr(operation, "account", lambda: "me")
    (tmp_path / operation.LINGERING / "me").touch()
    return tmp_path


def asked(machine):
    log = machine / "log"
    return [line.removeprefix("--user ").split()[0] for line in log.read_text().splitlines()] if log.exists() else []


def test_it_is_had_kept_and_taken_away(machine):
    assert not operation.startup(machine).on and operation.missing(machine)
    assert operation.remove(machine) is False
    done = operation.install(machine)
    assert done.on and done.written and not operation.missing(machine)
    assert Path(done.path).read_text() == done.text
    assert asked(machine) == ["daemon-reload", "enable"]
    assert operation.install(machine) == done and asked(machine) == ["daemon-reload", "enable"]  # nothing to do
    assert operation.remove(machine) and not Path(done.path).exists() and operation.missing(machine)
    assert asked(machine)[2:] == ["disable", "daemon-reload"]


def test_another_path_is_written_anew_and_counts_meanwhile(machine, monkeypatch):
    operation.install(machine)
    monkeypatch.setenv("LANG", "xx_XX.UTF-8")
    found = operation.startup(machine)
    assert found.on and not found.current
    text = Path(found.path).read_text()
    Path(found.path).write_text(text.replace("--all", "--none"))
    assert not operation.startup(machine).on  # it does something else


def test_each_home_has_its_own(machine, monkeypatch):
    first = operation.install(machine)
    monkeypatch.setenv("FAIRLEAD_HOME", str(machine / "other"))
    assert operation.missing(machine)
    assert operation.startup(machine).name != first.name
    monkeypatch.delenv("FAIRLEAD_HOME")
    assert operation.startup(machine).name == "fairlead.service"


def test_who_has_to_linger_is_told(machine, monkeypatch):
    monkeypatch.setattr(operation.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(operation, "account", lambda: "you")
    found = operation.startup(machine)
    assert found.path.startswith(str(machine / "config")) and "User=" not in found.text and not found.lingers


def test_what_cannot_work_is_said(machine, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", str(machine / "a\nb"))
    with pytest.raises(Refused, match="can hold"):
        operation.startup(machine)
    monkeypatch.setenv("FAIRLEAD_HOME", str(machine / "home"))
    (machine / "bin/systemctl").write_text("#!/bin/sh\necho no such bus\nexit 1\n")
    with pytest.raises(FairleadError, match="no such bus"):
        operation.install(machine)
    (machine / operation.BOOTED).rmdir()
    with pytest.raises(Refused, match="systemd does not run this machine"):
        operation.install(machine)
    assert not operation.missing(machine)


def test_the_doctor_warns_where_it_can_know(machine, monkeypatch):
    for name in ("missing", "systemd"):
        looks = getattr(operation, name)
        monkeypatch.setattr(checks, name, lambda looks=looks: looks(machine))
    (found,) = checks.examine()
    assert (found.result, found.hint) == ("warning", "fairlead startup install")
    operation.install(machine)
    assert [one.result for one in checks.examine()] == ["ok"]
    (machine / operation.BOOTED).rmdir()
    assert list(checks.examine()) == []
