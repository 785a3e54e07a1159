"""What a person does with secrets, with the installed program."""

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.masking import Secret
from fairlead.secrets.rotation.slot import Slot, Version, save


def test_from_nothing_to_values(ada):
    begun = ada.installed("init", "production")
    assert "SESSION_KEY, SIGNING_KEY" in begun.stdout
    assert "keep a copy of it" in begun.stderr
    assert {"secrets", ".sops.yaml", ".gitattributes"} <= {path.name for path in ada.folder.iterdir()}
    key = Path(ada.env["FAIRLEAD_HOME"]) / "age.txt"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = ada.installed("get", "production", "SESSION_KEY").stdout
    assert len(before) == 64 + 1
    again = ada.json("init", "production")
    assert (again["made"], again["generated"], again["others"]) == (False, [], [])
    assert ada.installed("generate", "production").stdout == "nothing is missing that Fairlead makes\n"
    assert ada.installed("get", "production", "SESSION_KEY").stdout == before

    ada.installed("set", "production", "SMTP_PASSWORD", stdin="a b'c\"d-9Zq8\n")
    assert ada.installed("get", "production", "SMTP_PASSWORD").stdout == "a b'c\"d-9Zq8\n"
    (ada.folder / "value").write_text("from-a-file-9Zq8\n")
    assert ada.json("set", "production", "SMTP_PASSWORD", "--from", "value")["change"] == "changed"
    assert ada.secrets("get", "production", "SMTP_PASSWORD").stdout == "from-a-file-9Zq8\n"
    rows = {one["name"]: one for one in ada.json("list", "production")["secrets"]}
    assert [name for name, one in rows.items() if not one["there"]] == ["API_TOKEN", "DATABASE_URL"]
    assert rows["SESSION_KEY"]["used"] == ["api"]


def test_templates_are_among_those_who_use_a_secret(ada):
    file = ada.folder / "fairlead.yaml"
    file.write_text(file.read_text() + "templates: [{from: smtp.template, to: smtp.txt, secret: true}]\n")
    (ada.folder / "smtp.template").write_text("password ${SMTP_PASSWORD}\n")
    ada.secrets("init", "production")
    rows = {one["name"]: one["used"] for one in ada.json("list", "production")["secrets"]}
    assert (rows["SMTP_PASSWORD"], rows["API_TOKEN"]) == (["smtp.txt"], [])


def test_a_value_is_never_an_argument(ada):
    refused = ada.secrets("set", "production", "SMTP_PASSWORD", "on-the-command-line", code=2)
    assert "unexpected extra argument" in refused.stderr


def test_what_is_refused_changes_nothing(begun):
    file = begun.folder / "secrets" / "production.yaml"
    before = file.read_bytes()
    unknown = begun.secrets("set", "production", "SMTP_PASWORD", stdin="x", code=2)
    assert "did you mean" in unknown.stderr
    assert "empty" in begun.secrets("set", "production", "SMTP_PASSWORD", stdin="\n", code=2).stderr
    typed = begun.secrets("set", "production", "DATABASE_URL", stdin="localhost 9Zq8", code=2)
    assert "expected" in typed.stderr
    assert "9Zq8" not in typed.stderr
    assert "no value" in begun.secrets("get", "production", "API_TOKEN", code=1).stderr
    assert "no file" in begun.secrets("list", "staging", code=1).stderr
    assert file.read_bytes() == before


def test_check_finds_what_is_wrong(begun):
    begun.secrets("set", "production", "SMTP_PASSWORD", stdin="changeme")
    found = begun.json("check", "production", code=1)["environments"][0]
    messages = {one["path"]: one for one in found["findings"]}
    assert messages["API_TOKEN"]["file"] == "fairlead.yaml"
    assert messages["API_TOKEN"]["line"] == 6
    assert messages["SMTP_PASSWORD"]["file"] == "secrets/production.yaml"
    assert "placeholder" in messages["SMTP_PASSWORD"]["message"]
    begun.secrets("set", "production", "SMTP_PASSWORD", stdin="Zq8-LmX4-9pQw-Tr5v")
    begun.secrets("set", "production", "API_TOKEN", stdin="Zq8-LmX4-9pQw-Tr5v")
    twice = begun.secrets("check", "production", code=1)
    assert "same value as" in twice.stdout
    begun.secrets("set", "production", "API_TOKEN", stdin="another-8812-kWq2-zzT")
    assert begun.json("check", "production")["ok"]
    (begun.folder / "secrets" / "production.yaml").chmod(0o666)
    assert "others may write it" in begun.secrets("check", "production", code=1).stdout


def test_nobody_is_told_to_set_what_is_only_read(ada):
    file = ada.folder / "fairlead.yaml"
    file.write_text(file.read_text() + "secret_backend: environment\n")
    for done in (
        ada.secrets("check", "production", code=1).stdout,
        ada.secrets("get", "production", "API_TOKEN", code=1).stderr,
    ):
        assert "where this command is started" in done
        assert "fairlead secrets set" not in done


def test_a_command_that_fails_for_what_is_not_there_can_be_given_it(ada):
    file, kept = ada.folder / "fairlead.yaml", ada.folder / "kept"
    kept.mkdir()
    backend = {"kind": "exec", "get": "cat kept/{name}", "set": "tee kept/{name}"}
    file.write_text(f"{file.read_text()}secret_backend: {json.dumps(backend)}\n")
    failed = ada.secrets("get", "production", "API_TOKEN", code=1).stderr
    assert "exit with 0 and print nothing" in failed
    assert ada.json("set", "production", "API_TOKEN", stdin="token-9Zq8LmX4pQ")["change"] == "new"
    assert ada.secrets("get", "production", "API_TOKEN").stdout == "token-9Zq8LmX4pQ\n"
    assert ada.json("set", "production", "API_TOKEN", stdin="token-9Zq8LmX4pQ")["change"] == "same"


def test_an_env_file_is_taken_over(begun):
    odd = "Zq8#LmX4$9p"
    (begun.folder / ".env").write_text(f"SMTP_PASSWORD='{odd}'\nAPI_TOKEN=xxx\nDEBUG=1\n")
    refused = begun.secrets("import", "production", ".env", code=3)
    assert "--replace" in refused.stderr
    assert odd not in refused.stderr + refused.stdout
    done = begun.json("import", "production", ".env", "--replace")
    assert (done["changed"], done["skipped"], done["undeclared"]) == (["SMTP_PASSWORD"], ["API_TOKEN"], ["DEBUG"])
    assert begun.secrets("get", "production", "SMTP_PASSWORD").stdout == f"{odd}\n"


@pytest.mark.parametrize(
    ("line", "why"),
    [("DATABASE_URL=localhost-9Zq8", "expected a URL"), (f"API_TOKEN={'9Zq8-LmX4' * 10_000}", "larger than 64 KiB")],
    ids=("type", "size"),
)
def test_what_cannot_be_a_value_is_not_taken_over_nor_left_by_an_editor(begun, line, why):
    file = begun.folder / "secrets" / "production.yaml"
    before = file.read_bytes()
    (begun.folder / ".env").write_text(f"SMTP_PASSWORD=other-9Zq8LmX4\n{line}\n")
    refused = begun.secrets("import", "production", ".env", "--replace", code=2)
    assert why in refused.stderr and refused.stderr.count("nothing was changed") == 1
    editor = begun.folder / "editor"
    editor.write_text(f"#!/bin/sh\nprintf '%s\\n' '{line.replace('=', ': ')}' >> $1\n")
    editor.chmod(0o755)
    refused = begun.secrets("edit", "production", code=2, EDITOR=str(editor))
    assert why in refused.stderr and refused.stderr.count("nothing was changed") == 1
    assert "9Zq8" not in refused.stderr
    assert file.read_bytes() == before


def test_a_mistake_in_an_env_file_is_none_of_the_project_file(begun):
    (begun.folder / ".env").write_text("SMTP_PASSWORD='9Zq8\n")
    said = begun.secrets("import", "production", ".env", code=2).stderr
    assert ".env:1:" in said
    assert "the project file has" not in said


def test_a_home_that_may_not_be_written_is_no_mistake_of_fairlead(ada, tmpfs, tmp_path):
    home = tmpfs(tmp_path / "disk", "1m")
    ada.call("mount", "-o", "remount,ro", home, code=0)
    said = ada.secrets("init", "production", code=1, FAIRLEAD_HOME=str(home)).stderr
    assert "age.txt" in said and "Read-only file system" in said and "hint:" in said
    assert "mistake" not in said
    assert not (ada.folder / "secrets").exists()


def test_an_output_that_is_full_is_no_mistake_of_fairlead(begun):
    with open("/dev/full", "wb") as full:
        argv = [sys.executable, "-m", "fairlead", "secrets", "get", "production", "SMTP_PASSWORD"]
        done = subprocess.run(
            argv, cwd=begun.folder, env=begun.env, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr and "mistake" not in done.stderr


def test_what_is_no_key_is_not_kept_as_one_that_signs(ada):
    file = ada.folder / "fairlead.yaml"
    file.write_text(file.read_text().replace("{generate: ed25519}", "{generate: ed25519, rotate: {kind: jwt}}"))
    ada.secrets("init", "production")
    before = ada.secrets("get", "production", "SIGNING_KEY").stdout
    refused = ada.secrets("set", "production", "SIGNING_KEY", stdin="no-key-9Zq8LmX4pQ7", code=2)
    assert "no private key" in refused.stderr and "nothing was changed" in refused.stderr
    assert ada.secrets("get", "production", "SIGNING_KEY").stdout == before
    assert ada.json("set", "production", "SIGNING_KEY", stdin=before)["change"] == "same"


def test_what_is_rotated_is_not_set_meanwhile(begun):
    old, new = Version("1", "live", Secret("old-9Zq8LmX4pQ7")), Version("2", "staged", Secret("next-9Zq8LmX4pQ"))
    save(Path(begun.env["FAIRLEAD_HOME"]) / "shop" / "production" / "secrets", Slot("SMTP_PASSWORD", old, new))
    said = begun.secrets("set", "production", "SMTP_PASSWORD", stdin="new-9Zq8LmX4pQ7", code=4).stderr
    assert "a rotation of SMTP_PASSWORD is under way" in said and "fairlead secrets due production" in said
    assert begun.secrets("get", "production", "SMTP_PASSWORD").stdout == "smtp-1-9Zq8LmX4\n"


def test_differences_are_names(begun):
    begun.secrets("init", "staging")
    found = begun.secrets("diff", "staging", "production")
    assert "+ SMTP_PASSWORD" in found.stdout
    assert "~ SESSION_KEY" in found.stdout
    assert begun.secrets("diff", "production", "--since", "HEAD", "--exit-code").stdout == "no difference\n"
    begun.secrets("set", "production", "SMTP_PASSWORD", stdin="smtp-2-9Zq8LmX4")
    changed = begun.secrets("diff", "production", "--since", "HEAD", "--exit-code", code=1).stdout
    assert changed == "~ SMTP_PASSWORD  other value\n"
    assert "smtp-" not in changed
    assert "git cannot show" in begun.secrets("diff", "production", "--since", "nothing", code=1).stderr


def test_who_joins_and_who_leaves(begun, bob):
    theirs = bob.secrets("recipients", "me").stdout.strip()
    assert theirs.startswith("age1")
    shut_out = bob.secrets("get", "production", "SMTP_PASSWORD", code=1)
    assert theirs in shut_out.stderr
    begun.secrets("recipients", "add", "production", theirs)
    assert bob.secrets("get", "production", "SMTP_PASSWORD").stdout == "smtp-1-9Zq8LmX4\n"
    assert theirs in (begun.folder / ".sops.yaml").read_text()
    last = bob.secrets("recipients", "remove", "production", theirs, code=3)
    assert "could not open" in last.stderr
    gone = begun.secrets("recipients", "remove", "production", theirs)
    assert "git's history stays readable" in gone.stderr
    assert "SESSION_KEY, SIGNING_KEY, SMTP_PASSWORD" in gone.stderr
    bob.secrets("get", "production", "SMTP_PASSWORD", code=1)
    assert theirs not in (begun.folder / ".sops.yaml").read_text()
    assert "is no recipient" in begun.secrets("recipients", "add", "production", "bob", code=1).stderr


def test_an_editor_changes_them(begun, tmp_path):
    seen = tmp_path / "seen"
    editor = tmp_path / "editor"
    editor.write_text(
        f'#!/bin/sh\nstat -c "%a %n" "$1" > {seen}\nsed -i "s/^SMTP_PASSWORD: .*/SMTP_PASSWORD: new-9Zq8/" "$1"\n'
    )
    editor.chmod(0o700)
    before = (begun.folder / "secrets" / "production.yaml").read_text().splitlines()
    assert begun.secrets("edit", "production", EDITOR=str(editor)).stdout == "✓ changed: SMTP_PASSWORD\n"
    after = (begun.folder / "secrets" / "production.yaml").read_text().splitlines()
    assert len([1 for one, two in zip(before, after, strict=True) if one != two]) <= 3  # value, MAC, time
    assert begun.secrets("get", "production", "SMTP_PASSWORD").stdout == "new-9Zq8\n"
    mode, path = seen.read_text().split()
    assert mode == "600"
    assert not Path(path).parent.exists()
    failed = begun.secrets("edit", "production", code=2, EDITOR="false")
    assert "nothing was changed" in failed.stderr


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("SMTP_PASSWORD: [x]", "holds more than text"),
        ("SMTP_PASSWORD: a: b", "edited text:1: is not readable as YAML"),
        ("SMTP_PASWORD: abc", "did you mean"),
        ("SMTP_PASSWORD:", "has an empty value"),
    ],
)
def test_a_slip_in_the_editor_changes_nothing(begun, tmp_path, typed, message):
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "{typed}" > "$1"\n')
    editor.chmod(0o700)
    before = (begun.folder / "secrets" / "production.yaml").read_text()
    failed = begun.secrets("edit", "production", code=2, EDITOR=str(editor))
    assert message in failed.stderr
    assert "nothing was changed" in failed.stderr
    assert (begun.folder / "secrets" / "production.yaml").read_text() == before


def test_a_prompt_does_not_show_what_is_typed(begun):
    """On a terminal of its own, as a person sits at one."""
    argv = [begun.program, "secrets", "set", "production", "API_TOKEN"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(begun.folder)
        os.execve(argv[0], argv, begun.env)
    seen = b""
    for _ in range(2):
        asked = b""
        while not asked.endswith(b": "):
            asked += os.read(terminal, 1000)
        os.write(terminal, b"typed-9Zq8LmX4\n")
        seen += asked
    while True:
        try:
            seen += os.read(terminal, 1000)
        except OSError:  # Linux says so when the program has ended
            break
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
    assert "API_TOKEN kept" in seen.decode()
    assert "typed" not in seen.decode()
    assert begun.secrets("get", "production", "API_TOKEN").stdout == "typed-9Zq8LmX4\n"


def test_commands_for_github_hold_no_value(begun):
    lines = begun.secrets("push", "github", "production").stdout.splitlines()
    assert "fairlead secrets get production SMTP_PASSWORD | gh secret set SMTP_PASSWORD --env production" in lines
    assert "smtp-1" not in "".join(lines)


@pytest.mark.real
def test_one_command_brings_up_a_fresh_clone(ada):
    (ada.folder / "fairlead.yaml").write_text(
        "name: shop\nsecrets: {SESSION_KEY: {generate: {kind: hex, length: 64}}}\n"
        "services: {worker: {source: ., command: sleep 600, secrets: [SESSION_KEY]}}\n"
        "environments: {local: {runtime: process}}\n"
    )
    assert "fairlead secrets init local" in ada.call(ada.program, "deploy", "local", code=None).stderr
    try:
        said = ada.call(ada.program, "deploy", "local", "--init-secrets").stderr
        value = ada.secrets("get", "local", "SESSION_KEY").stdout
        assert "made SESSION_KEY" in said
        assert value.strip() not in said
        ada.call(ada.program, "deploy", "local", "--init-secrets")  # what is there stays
        assert ada.secrets("get", "local", "SESSION_KEY").stdout == value
    finally:
        ada.call(ada.program, "stop", "local", code=None)
