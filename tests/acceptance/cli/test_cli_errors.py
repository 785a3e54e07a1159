"""What goes wrong is said in words, with the exit code that the documentation promises, and never as a traceback."""

import json
import re
import subprocess

import pytest
from cli_site import FAIRLEAD
from hunt import commands

ALONE = sorted(commands())
GROUPS = sorted({words[:end] for words in ALONE for end in range(len(words))})


@pytest.mark.parametrize("command", [*GROUPS, *ALONE], ids=" ".join)
def test_every_help_has_an_example(site, command):
    done = site.run(*command, "--help")
    assert done.returncode == 0
    examples = done.stdout.partition("\nExample")[2]
    assert f"fairlead {' '.join(command)}".strip() in examples
    if command in ALONE:
        assert "--json" in done.stdout


def test_the_first_screen_groups_what_a_person_wants(site):
    text = site.run("--help").stdout
    groups = ["Begin:", "Develop:", "Release:", "Look:", "Run:", "Set up:"]
    assert [text.find(group) for group in groups] == sorted(text.find(group) for group in groups)
    assert all(group in text for group in groups)
    assert set(re.findall(r"^  ([a-z][a-z-]*)  ", text, re.M)) == {words[0] for words in ALONE}


def test_without_a_command_help_is_shown(site):
    done = site.run()
    assert done.returncode == 2 and "Begin:" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deplyo", "local"), 'error: there is no command "deplyo"\nhint: did you mean `fairlead deploy`?\n'),
        (("status", "loca"), 'error: there is no environment "loca"; did you mean "local"?\n'
                             "hint: fairlead.yaml has local, next\n"),
        (("deploy", "prod"), 'error: there is no environment "prod"\nhint: fairlead.yaml has local, next\n'),
        (("deploy",), "error: missing argument 'ENV'\nhint: see `fairlead deploy --help`\n"),
        (("serve", "../x", "--project", "shop"), 'error: "../x" is not a name\n'),
        (("status", "../../etc"), 'error: there is no environment "../../etc"\nhint: fairlead.yaml has local, next\n'),
        (("up", "local"), "error: nothing was ever deployed to shop/local on this machine\n"
                          "hint: deploy to it first: fairlead deploy local\n"),
        (("rollback", "next"), "error: nothing was ever deployed to shop/next on this machine\n"
                               "hint: deploy to it first: fairlead deploy next\n"),
    ],
)  # fmt: skip
def test_wrong_calls_are_exit_2(site, arguments, said):
    done = site.run(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_errors_for_machines(site):
    found = site.json("status", "nope", code=2)
    assert found["ok"] is False and found["error"]["exit_code"] == 2 and "nope" in found["error"]["message"]


def test_a_broken_file_is_exit_2_with_all_findings(site):
    path = site.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace("replicas: 1", "replicas: two").replace("health:", "helth:"))
    done = site.run("deploy", "local")
    assert done.returncode == 2
    assert re.search(r'fairlead\.yaml:\d+:\d+: services\.web\.helth: unknown key "helth"; did you mean', done.stderr)
    assert re.search(r"fairlead\.yaml:\d+:\d+: services\.web\.replicas: expected a whole number ≥ 1", done.stderr)
    assert "error: the project file has 2 mistakes" in done.stderr
    findings = site.lines("deploy", "local", code=2)[-1]["error"]["findings"]
    assert [one["path"] for one in findings] == ["services.web.helth", "services.web.replicas"]


def test_no_project_file(site, tmp_path):
    done = site.run("status", cwd=tmp_path)
    assert done.returncode == 2 and "no such file" in done.stderr and "fairlead init" in done.stderr


def test_the_file_is_found_above_and_where_it_is_named(site, tmp_path):
    assert "shop/local" in site.run("status", cwd=site.folder / "app").stdout
    assert "shop/local" in site.run("status", "-f", str(site.folder / "fairlead.yaml"), cwd=tmp_path).stdout


def test_a_refused_deployment_is_exit_3(site):
    path = site.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace("source: ./app", "source: ./gone"))
    done = site.run("deploy", "local")
    assert done.returncode == 3 and "the doctor says no" in done.stderr and "no such folder" in done.stderr
    done = site.run("doctor", "local")
    assert done.returncode == 3 and "✗ sources" in done.stdout


def test_called_from_a_folder_that_is_gone(site, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    argv = ["sh", "-c", f'cd "{gone}" && rmdir "{gone}" && exec "{FAIRLEAD}" status']
    done = subprocess.run(argv, env=site.env, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "unexpected" not in done.stderr
    assert done.stderr.startswith("error: the folder that this was called in is gone\nhint: ")


def test_called_without_standard_streams(site):
    """As some start what nobody watches: then the code is all that tells."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" up local <&- >&- 2>&-', FAIRLEAD], cwd=site.folder, env=site.env, check=False
    )
    assert done.returncode == 2, "nothing was ever deployed there"
    assert not (site.home / "crashes").exists()


def test_letters_that_the_terminal_lacks_fail_nothing(site, tmp_path):
    """In a Latin-1 locale there is no tick; and what cannot be a letter at all may have come as an argument."""
    (tmp_path / "requirements.txt").write_text("fastapi\n")
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")

    def init(*more):
        env = site.env | {"PYTHONIOENCODING": "latin-1:strict"}
        argv = [FAIRLEAD, "init", tmp_path, *more]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "\\u2713 wrote" in init()
    assert json.loads(init("--force", "--name", "caf\udce9-\u2713", "--json"))["files"]


def test_a_mistake_of_our_own_leaves_a_report_and_no_traceback(site):
    broken = site.root / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import fairlead.cli.session as s\n"
        "def fail(self): raise ZeroDivisionError('on purpose')\n"
        "s.Session.peek = fail\n"
    )  # fmt: skip
    done = site.run("status", PYTHONPATH=str(broken))
    assert done.returncode == 1 and "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 2
    assert "unexpected: ZeroDivisionError: on purpose" in done.stderr
    report = done.stderr.split()[-1]
    with open(report) as file:
        text = file.read()
    assert "Traceback" in text and "ruamel.yaml" in text and "Python 3" in text
