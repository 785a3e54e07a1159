"""Who and what, with a real git and the variables of real CI systems."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.artifacts import describe_origin

Git = Callable[..., bytes]
ENV = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"}


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    root = tmp_path / "r"
    (root / "app").mkdir(parents=True)
    (root / "app/main.py").write_text("1")
    git(root, "init", "-q", "-b", "trunk")
    # pragma: allowlist nextline secret
    git(root, "remote", "add", "origin", "https://user:token-of-ada@git.example.com/shop.git")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Sell gr\u00fcne things\n\nWith a body")
    return root


def test_a_clean_commit(repository: Path, git: Git) -> None:
    found = describe_origin(repository / "app", ENV)
    commit = git(repository, "rev-parse", "HEAD").decode().strip()
    assert found["git"] == {"commit": commit, "branch": "trunk", "dirty": False, "subject": "Sell gr\u00fcne things"}
    assert found["user"]
    assert found["host"]
    assert found["ci"] is None
    assert "token-of-ada" not in json.dumps(found)


def test_a_user_without_a_name_is_a_number() -> None:
    """As in a container that runs as any user."""
    code = (
        "import getpass, os, pwd\n"
        "from fairlead.artifacts.origin import owner_text\n"
        "os.setgroups([]); os.setuid(54321)\n"
        "print(owner_text('fairlead up local'))"
    )
    if os.geteuid() != 0:
        pytest.skip("only root can become a user without a name")
    names = ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER")
    env = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("54321@"), done.stderr


@pytest.mark.parametrize(("change", "dirty"), [("app/main.py", True), ("app/new.py", True), ("elsewhere.txt", False)])
def test_dirty_means_the_folder_itself(repository: Path, change: str, dirty: bool) -> None:
    (repository / change).write_text("changed")
    assert describe_origin(repository / "app", ENV)["git"]["dirty"] is dirty


def test_a_detached_commit_takes_its_branch_from_the_ci(repository: Path, git: Git) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert describe_origin(repository, ENV)["git"]["branch"] is None
    job = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF_NAME": "feature",
        "GITHUB_RUN_ID": "7",
        "GITHUB_WORKFLOW": "deploy",
        "GITHUB_ACTOR": "ada",
        "GITHUB_TOKEN": "secret-token",
    }
    found = describe_origin(repository, ENV | job)
    assert found["git"]["branch"] == "feature"
    assert found["ci"] == {"name": "GitHub Actions", "job": "deploy", "run": "7", "user": "ada"}
    assert "secret-token" not in json.dumps(found)


@pytest.mark.parametrize(
    ("env", "name", "run"),
    [
        ({"GITLAB_CI": "true", "CI_JOB_ID": "12", "CI": "true"}, "GitLab CI", "12"),
        ({"JENKINS_URL": "https://ci", "BUILD_NUMBER": "3"}, "Jenkins", "3"),
        ({"CI": "true"}, "CI", None),
        ({"CI": "false"}, None, None),
    ],
)
def test_ci_systems(tmp_path: Path, env: dict[str, str], name: str | None, run: str | None) -> None:
    ci = describe_origin(tmp_path, ENV | env)["ci"]
    assert (ci and ci["name"], ci and ci["run"]) == (name, run)


def test_without_git_or_repository_or_commit(tmp_path: Path, repository: Path, git: Git) -> None:
    assert describe_origin(tmp_path, ENV)["git"] is None
    assert describe_origin(repository, {"PATH": "/nonexistent"})["git"] is None
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    assert describe_origin(tmp_path / "empty", ENV)["git"] is None


def test_a_hook_s_git_variables_do_not_mislead(repository: Path) -> None:
    found = describe_origin(repository, ENV | {"GIT_DIR": "/nonexistent", "GIT_WORK_TREE": "/"})
    assert found["git"]["branch"] == "trunk"


def test_sudo_tells_the_person(tmp_path: Path) -> None:
    assert describe_origin(tmp_path, ENV | {"SUDO_USER": "ada"})["user"] == "ada"
