"""Where a release comes from: who deployed it, from which machine or CI job, and which commit it was.

Never a secret: remote URLs, which may carry a token, are not recorded, and of the environment only the variables named
here, by which CI systems tell about a job.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.system import clock
from fairlead.system.commands import Command, run

_GIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Ci:
    """How one CI system tells of its job; `sign` is there in its jobs only."""

    name: str
    sign: str
    job: str
    run: str
    user: str
    branch: str


_SYSTEMS = (
    _Ci("GitHub Actions", "GITHUB_ACTIONS", "GITHUB_WORKFLOW", "GITHUB_RUN_ID", "GITHUB_ACTOR", "GITHUB_REF_NAME"),
    _Ci("GitLab CI", "GITLAB_CI", "CI_JOB_NAME", "CI_JOB_ID", "GITLAB_USER_LOGIN", "CI_COMMIT_REF_NAME"),
    _Ci("Jenkins", "JENKINS_URL", "JOB_NAME", "BUILD_NUMBER", "BUILD_USER_ID", "BRANCH_NAME"),
    _Ci("CircleCI", "CIRCLECI", "CIRCLE_JOB", "CIRCLE_BUILD_NUM", "CIRCLE_USERNAME", "CIRCLE_BRANCH"),
    _Ci("Azure Pipelines", "TF_BUILD", "BUILD_DEFINITIONNAME", "BUILD_BUILDID", "BUILD_REQUESTEDFOR",
        "BUILD_SOURCEBRANCHNAME"),
    _Ci("Bitbucket Pipelines", "BITBUCKET_BUILD_NUMBER", "BITBUCKET_REPO_SLUG", "BITBUCKET_BUILD_NUMBER",
        "BITBUCKET_STEP_TRIGGERER_UUID", "BITBUCKET_BRANCH"),
    _Ci("Buildkite", "BUILDKITE", "BUILDKITE_PIPELINE_SLUG", "BUILDKITE_BUILD_NUMBER", "BUILDKITE_BUILD_CREATOR",
        "BUILDKITE_BRANCH"),
    _Ci("TeamCity", "TEAMCITY_VERSION", "TEAMCITY_BUILDCONF_NAME", "BUILD_NUMBER", "TEAMCITY_BUILD_TRIGGERED_BY",
        "BUILD_VCS_BRANCH"),
    _Ci("Woodpecker", "CI_WORKFLOW_NAME", "CI_WORKFLOW_NAME", "CI_PIPELINE_NUMBER", "CI_PIPELINE_AUTHOR",
        "CI_COMMIT_BRANCH"),
    _Ci("Drone", "DRONE", "DRONE_REPO", "DRONE_BUILD_NUMBER", "DRONE_COMMIT_AUTHOR", "DRONE_BRANCH"),
    _Ci("Travis CI", "TRAVIS", "TRAVIS_JOB_NAME", "TRAVIS_JOB_NUMBER", "", "TRAVIS_BRANCH"),
)  # fmt: skip


_told: dict[str, Any] = {}


_commit: dict[str, Any] = {}


def speak_for(origin: Mapping[str, Any], commit: Mapping[str, Any] | None = None) -> None:
    """From now on this process acts for somebody elsewhere: the functions below give this origin.

    `commit`: what is known there of the commit, as `fairlead.artifacts.commit.Commit` has it.
    """
    _told.clear()
    _told.update(origin)
    _commit.clear()
    _commit.update(commit or {})


def told_commit() -> dict[str, Any]:
    """What was told of the commit; empty when this process acts for nobody elsewhere."""
    return dict(_commit)


def describe_origin(folder: Path, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Who and what: `user`, `host`, `ci` and `git`, each of the last two a dict or None.

    `ci` has name, job, run and user; `git` commit, branch (None when detached), dirty (changes below `folder`, new
    files too) and subject (first line of the commit message). Without git, or outside a repository, `git` is None.
    """
    if _told:
        return dict(_told)
    env = os.environ if env is None else env
    ci = next((each for each in _SYSTEMS if env.get(each.sign)), None)
    git = _git(folder, env)
    if git is not None and git["branch"] is None and ci is not None:
        git["branch"] = env.get(ci.branch) or None  # CI systems check out a commit, not a branch
    return describe_actor(env) | {"git": git}


def describe_actor(env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Who alone: `user`, `host` and `ci`, as `describe_origin` gives them. Starts no program."""
    if _told:
        return {key: value for key, value in _told.items() if key != "git"}
    env = os.environ if env is None else env
    ci = next((each for each in _SYSTEMS if env.get(each.sign)), None)
    return {"user": user_name(env), "host": socket.gethostname(), "ci": _job(ci, env)}


def user_name(env: Mapping[str, str] | None = None) -> str:
    """The person at the keyboard, also behind sudo; a number where the user has no name."""
    env = os.environ if env is None else env
    return env.get("SUDO_USER") or account()


def account() -> str:
    """Whom this process belongs to; a number where the user has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return str(os.getuid())


def owner_text(doing: str) -> str:
    """Who holds a lock, for the message another one gets."""
    who, host = _told.get("user") or user_name(), _told.get("host") or socket.gethostname()
    return f"{who}@{host} (`{doing}`, pid {os.getpid()}) since {clock.now():%H:%M:%S} UTC"


def _job(ci: _Ci | None, env: Mapping[str, str]) -> dict[str, str | None] | None:
    if ci is not None:
        return {"name": ci.name, "job": env.get(ci.job), "run": env.get(ci.run), "user": env.get(ci.user)}
    if env.get("CI", "").lower() in ("1", "true"):
        return {"name": "CI", "job": None, "run": None, "user": None}
    return None


def _git(folder: Path, env: Mapping[str, str]) -> dict[str, Any] | None:
    status = ask_git(folder, env, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--", ".")
    if status is None:
        return None
    lines = status.splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    if heads.get("branch.oid", "(initial)") == "(initial)":
        return None  # a repository without a commit has nothing to name
    branch = heads.get("branch.head")
    return {
        "commit": heads["branch.oid"],
        "branch": None if branch == "(detached)" else branch,
        "dirty": any(not line.startswith("#") for line in lines),
        "subject": (ask_git(folder, env, "log", "-1", "--format=%s") or "").strip(),
    }


def ask_git(folder: Path, env: Mapping[str, str], *argv: str) -> str | None:
    """What git prints for these arguments; None when there is no git, no repository, or no answer."""
    clean = {name: value for name, value in env.items() if not name.startswith("GIT_") or name == "GIT_CONFIG_GLOBAL"}
    clean |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"}
    outcome = run(Command(("git", "--no-pager", *argv), cwd=folder, env=clean, timeout=_GIT_SECONDS))
    return outcome.output if outcome else None
