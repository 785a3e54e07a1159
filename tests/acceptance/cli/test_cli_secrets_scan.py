"""`fairlead secrets scan`, installed, on real repositories."""

import base64
import json
import os
import random
import shlex
import string
import subprocess
import tomllib
from pathlib import Path

import pyrage
import pytest
from ruamel.yaml import YAML

from fairlead.secrets.age_file import AgeFile, file_of

ROOT = Path(__file__).parents[3]


def drawn(seed):
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=36))


TOKEN, OTHER = ("gh" + "p_" + drawn(number) for number in (1, 2))


@pytest.fixture
def repository(site, need):
    need("git")
    git(site, "init", "-q")
    commit(site, "Begin")
    return site


def git(site, *arguments):
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=site.folder, check=True, capture_output=True)


def commit(site, message):
    git(site, "add", "-A")
    git(site, "commit", "-q", "-m", message)


def write(site, name, text):
    file = site.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_files_that_git_has_or_would_have(repository):
    assert repository.json("secrets", "scan")["ok"] is True
    write(repository, "app/new file.py", f'one = 1\ntoken = "{TOKEN}"\n')
    write(repository, ".gitignore", "ignored\n")
    write(repository, "ignored/x.py", TOKEN)
    done = repository.run("secrets", "scan")
    assert done.returncode == 1
    assert done.stdout == "app/new file.py:2:10: GitHub Token\n"
    assert "error: 1 secret found" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    found = repository.json("secrets", "scan", code=1)["leaks"]
    assert found == [
        {"file": "app/new file.py", "line": 2, "column": 10, "kind": "GitHub Token", "own": False, "blob": "",
         "versions": 1}
    ]  # fmt: skip
    assert repository.run("secrets", "scan", "app/lean.py").returncode == 0
    assert repository.run("secrets", "scan", "app/new file.py").returncode == 1
    assert repository.run("secrets", "scan", cwd=repository.folder / "app").returncode == 1


def test_names_of_files_may_be_any_bytes(repository):
    name = os.fsencode(repository.folder) + b"/app/\xff\n'.py"
    with open(name, "w") as file:
        file.write(TOKEN)
    git(repository, "add", "-A")
    for arguments in ((), ("--staged",)):
        done = repository.run("secrets", "scan", *arguments)
        assert done.returncode == 1, done.stderr
        assert done.stdout.endswith("'.py:1:1: GitHub Token\n")
    commit(repository, "Add")
    done = repository.run("secrets", "scan", "--history", "--json")
    assert (done.returncode, len(json.loads(done.stdout)["leaks"])) == (1, 1)


def test_what_is_staged(repository):
    write(repository, "app/x.py", TOKEN)
    assert repository.run("secrets", "scan", "--staged").returncode == 0
    git(repository, "add", "-A")
    write(repository, "app/x.py", "clean again, but not what is staged")
    done = repository.run("secrets", "scan", "--staged")
    assert (done.returncode, done.stdout) == (1, "app/x.py:1:1: GitHub Token\n")


def test_all_of_the_history(repository):
    write(repository, "a.py", f"x\n{TOKEN}\n")
    commit(repository, "Add")
    write(repository, "a.py", f"more\nx\n{TOKEN}\n")
    commit(repository, "Change")
    (repository.folder / "a.py").unlink()
    commit(repository, f"Remove {OTHER}")
    git(repository, "branch", "side", "HEAD~1")
    assert repository.run("secrets", "scan").returncode == 0
    found = repository.json("secrets", "scan", "--history", code=1)["leaks"]
    assert [(one["file"], one["line"], one["versions"]) for one in found] == [("(commit)", 6, 1), ("a.py", 3, 2)]
    text = repository.run("secrets", "scan", "--history").stdout
    assert f"a.py@{found[1]['blob'][:12]}:3:1: GitHub Token (and in 1 other version)" in text
    assert TOKEN not in text


def test_waivers(repository):
    write(repository, "app/x.py", f"{TOKEN}  # pragma: allowlist secret\n")
    write(repository, "vendor/deep/x.py", TOKEN)
    assert repository.run("secrets", "scan").returncode == 1
    write(repository, ".secrets-scan-ignore", "# taken over as it is\nvendor/\n")
    assert repository.run("secrets", "scan").returncode == 0
    assert repository.run("secrets", "scan", "vendor").returncode == 0


def test_the_report_for_code_hosts(repository):
    write(repository, "app/x.py", TOKEN)
    done = repository.run("secrets", "scan", "--sarif", "leaks.sarif")
    assert (done.returncode, done.stdout) == (1, "app/x.py:1:1: GitHub Token\n")
    report = json.loads((repository.folder / "leaks.sarif").read_text())
    printed = repository.run("secrets", "scan", "app", "--sarif", "-")
    assert json.loads(printed.stdout) == report
    assert report["runs"][0]["results"][0]["ruleId"] == "github-token"
    assert TOKEN not in printed.stdout + printed.stderr


def test_without_git_and_without_a_project(site, tmp_path):
    (tmp_path / "x.txt").write_text(TOKEN)
    assert site.run("secrets", "scan", str(tmp_path), cwd=tmp_path).stdout == "x.txt:1:1: GitHub Token\n"
    for arguments in (("--staged",), ("--history",)):
        done = site.run("secrets", "scan", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert "this is no git repository" in done.stderr
    assert site.run("secrets", "scan", "nowhere", cwd=tmp_path).returncode == 2
    assert site.run("secrets", "scan", "--staged", "--history", cwd=tmp_path).returncode == 2


def test_without_the_extra(site, tmp_path):
    (tmp_path / "detect_secrets").mkdir()
    missing = 'raise ModuleNotFoundError("No module named \'detect_secrets\'", name="detect_secrets")'
    (tmp_path / "detect_secrets" / "__init__.py").write_text(missing)
    done = site.run("secrets", "scan", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert 'pip install "fairlead[scan]"' in done.stderr


def test_the_hook_for_pre_commit(repository):
    hooks = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())
    hook = next(hook for hook in hooks if hook["id"] == "fairlead-secrets-scan")
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(hook["additional_dependencies"]) == {*extras["scan"], *extras["secrets"]}  # own values are read, too
    arguments = shlex.split(hook["entry"])[1:]
    assert repository.run(*arguments).returncode == 0
    write(repository, "app/x.py", TOKEN)
    git(repository, "add", "-A")
    assert repository.run(*arguments).returncode == 1


@pytest.fixture
def own(repository):
    """The project has secrets in its file, and this user the key."""
    with open(repository.folder / "fairlead.yaml", "a") as file:
        file.write("secrets: {SMTP_PASSWORD: {}, PHRASE: {}}\n")
    identity = pyrage.x25519.Identity.generate()
    repository.env["SOPS_AGE_KEY"] = str(identity)
    values = {"SMTP_PASSWORD": drawn(3), "PHRASE": "correct horse battery"}
    for name in ("local", "next"):
        AgeFile(file_of(repository.folder, name), name).create([str(identity.to_public())], values)
    commit(repository, "Declare secrets")
    return repository, values


def test_the_projects_own_values(own):
    site, values = own
    assert site.run("secrets", "scan", "--history").returncode == 0, "what is encrypted is no finding"
    coded = base64.b64encode(values["SMTP_PASSWORD"].encode()).decode()
    write(site, "app/notes.md", f"the {values['PHRASE']}\nBasic {coded}\n")
    done = site.run("secrets", "scan")
    assert done.returncode == 1
    assert done.stdout == (
        "app/notes.md:1:5: the value of PHRASE (local)\napp/notes.md:2:7: the value of SMTP_PASSWORD (local), base64\n"
    )
    for value in (*values.values(), coded):
        assert value not in done.stdout + done.stderr
    assert [one["own"] for one in site.json("secrets", "scan", code=1)["leaks"]] == [True, True]


def test_a_machine_without_the_key_knows_fingerprints(own):
    site, values = own
    done = site.run("secrets", "scan", "--remember")
    assert done.returncode == 0
    assert "✓ 2 values in " in done.stdout
    assert "/secrets/fingerprints.json; 2 could be guessed and are left out" in done.stdout
    text = (site.folder / "secrets" / "fingerprints.json").read_text()
    assert not [value for value in values.values() if value in text]
    assert site.run("secrets", "scan", "--remember").returncode == 0
    assert (site.folder / "secrets" / "fingerprints.json").read_text() == text
    write(site, "app/notes.md", f"login with {values['SMTP_PASSWORD']}, phrase {values['PHRASE']}\n")
    del site.env["SOPS_AGE_KEY"]
    done = site.run("secrets", "scan")
    assert (done.returncode, done.stdout) == (1, "app/notes.md:1:12: the value of SMTP_PASSWORD (local)\n")
    assert "note: values not read: local: " in done.stderr
    done = site.run("secrets", "scan", "--remember")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no value could be read" in done.stderr


def test_fingerprints_that_are_out_of_date_are_told(own):
    site, _ = own
    assert "out of date" not in site.run("secrets", "scan").stderr
    site.run("secrets", "scan", "--remember")
    done = site.run("secrets", "scan")
    assert (done.returncode, done.stderr) == (0, "")
    os.environ["SOPS_AGE_KEY"] = site.env["SOPS_AGE_KEY"]
    try:
        AgeFile(file_of(site.folder, "next"), "next").update({"SMTP_PASSWORD": drawn(4)})
    finally:
        del os.environ["SOPS_AGE_KEY"]
    done = site.run("secrets", "scan")
    assert done.returncode == 0
    assert "the fingerprints are out of date: fairlead secrets scan --remember" in done.stderr


def test_a_project_file_with_mistakes_is_scanned_all_the_same(own):
    site, _ = own
    with open(site.folder / "fairlead.yaml", "a") as file:
        file.write("nonsense: 1\n")
    write(site, "app/x.py", TOKEN)
    done = site.run("secrets", "scan")
    assert (done.returncode, done.stdout) == (1, "app/x.py:1:1: GitHub Token\n")
    assert "nonsense" in done.stderr
