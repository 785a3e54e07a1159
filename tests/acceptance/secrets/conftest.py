"""A project with secrets in a git repository, and the installed program to act on it as one person or another."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from tests import warm

from fairlead.cli.main import run
from fairlead.masking import known

FAIRLEAD = Path(sys.executable).with_name("fairlead")
PROJECT = """\
name: shop
secrets:
  SESSION_KEY: {generate: {kind: hex, length: 64}, rotate: 90d}
  SIGNING_KEY: {generate: ed25519}
  SMTP_PASSWORD: {}
  API_TOKEN: {}
variables:
  DATABASE_URL: {type: url, secret: true, required: false}
services:
  api: {source: ., command: sleep 1, secrets: [SESSION_KEY]}
environments:
  staging: {}
  production: {}
"""


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class Person:
    """Somebody with a key of their own, in a folder with the project."""

    def __init__(self, root, folder, name):
        self.folder = folder
        self.program = str(FAIRLEAD)
        outside = ("CI", "GITHUB", "SOPS", "GIT_", "VAULT", "BAO", "AWS", "XDG")
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(outside)}
        self.env |= {
            "FAIRLEAD_HOME": str(root / name), "HOME": str(root / name), "COLUMNS": "120", "NO_COLOR": "1",
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": "x@example.com",
            "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": "x@example.com",
        }  # fmt: skip

    def call(self, *argv, stdin=None, code=0, **env):
        done = subprocess.run(
            [str(one) for one in argv], cwd=self.folder, env=self.env | env, input=stdin or "", capture_output=True,
            text=True, check=False, timeout=300,
        )  # fmt: skip
        assert code is None or done.returncode == code, (argv, done.returncode, done.stdout, done.stderr)
        return done

    def installed(self, *argv, stdin=None, code=0, **env):
        """The installed program, in a process of its own."""
        argv, given = [FAIRLEAD, "secrets", *argv], (stdin or "").encode()
        done = warm.as_text(warm.fairlead.run(argv, cwd=self.folder, env=self.env | env, stdin=given))
        assert code is None or done.returncode == code, (argv, done.returncode, done.stdout, done.stderr)
        return done

    def secrets(self, *argv, stdin=None, code=0, **env):
        """The same in this process: to start the program takes half a second, and there are many calls."""
        known.forget()
        before = dict(os.environ), os.getcwd(), sys.argv
        os.environ.clear()
        os.environ |= self.env | env
        os.chdir(self.folder)
        sys.argv = ["fairlead", "secrets", *map(str, argv)]
        try:
            with CliRunner().isolation(stdin or "") as (out, err, _), pytest.raises(SystemExit) as ended:
                run()
        finally:
            os.environ.clear()
            os.environ |= before[0]
            os.chdir(before[1])
            sys.argv = before[2]
        done = Done(ended.value.code, out.getvalue().decode(), err.getvalue().decode())
        assert code is None or done.returncode == code, (argv, done)
        return done

    def json(self, *argv, stdin=None, code=0, **env):
        return json.loads(self.secrets(*argv, "--json", stdin=stdin, code=code, **env).stdout)

    def git(self, *argv, code=0):
        return self.call("git", *argv, code=code)


@pytest.fixture
def ada(tmp_path, need):
    """Who began the project."""
    need("git")
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "fairlead.yaml").write_text(PROJECT)
    person = Person(tmp_path, folder, "ada")
    person.git("init", "-q", "-b", "main")
    return person


@pytest.fixture
def bob(tmp_path, ada):
    """Who joins: a key of his own, no access yet."""
    return Person(tmp_path, ada.folder, "bob")


@pytest.fixture
def begun(ada):
    """Ada, with a file for production, all of it committed."""
    ada.secrets("init", "production")
    ada.secrets("set", "production", "SMTP_PASSWORD", stdin="smtp-1-9Zq8LmX4\n")
    ada.git("add", "-A")
    ada.git("commit", "-qm", "begin")
    yield ada
    shutil.rmtree(ada.folder / ".git", ignore_errors=True)
