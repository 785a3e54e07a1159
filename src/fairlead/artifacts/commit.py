"""What a built image is called and says of itself: tags and labels from the commit it was built of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fairlead.artifacts.origin import ask_git, describe_origin, told_commit

OCI = "org.opencontainers.image."  #: labels of the OCI image specification, annotations.md
SHORT = 12  #: hex digits of a commit, or of a content, in a tag

_VERSION = re.compile(r"v\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")
_LONGEST = 128  #: characters of a tag
_USUAL = ("main", "master")  #: the default branch where nobody says which it is


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit that a folder has, and whether the folder has anything else."""

    id: str = ""  #: empty: no git
    branch: str | None = None
    dirty: bool = False
    tags: tuple[str, ...] = ()
    default: bool = False  #: its branch is the default one
    moment: float | None = None  #: when it was made, seconds since 1970
    source: str = ""  #: where the repository is, without credentials


def read_commit(folder: Path, env: Mapping[str, str], git: Mapping[str, Any] | None = None) -> Commit:
    """What git says of `folder`; an empty one without git or a commit.

    `git`: of what was built before: its commit, branch and whether it was dirty, as `describe_origin` told then.
    """
    told = told_commit()
    if told and git is None:
        return Commit(**told | {"tags": tuple(told["tags"])})
    git = git or describe_origin(folder, env)["git"]
    if git is None:
        return Commit()
    tags = (ask_git(folder, env, "tag", "--points-at", git["commit"]) or "").split()
    moment = (ask_git(folder, env, "log", "-1", "--format=%ct", git["commit"]) or "").strip()
    remote = (ask_git(folder, env, "remote", "get-url", "origin") or "").strip()
    default = git["branch"] is not None and git["branch"] in _default_branches(folder, env)
    return Commit(
        git["commit"], git["branch"], git["dirty"], tuple(tags), default,
        float(moment) if moment.isdigit() else None, web_address(remote),
    )  # fmt: skip


def _default_branches(folder: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    said = ask_git(folder, env, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    if said and said.startswith("origin/"):
        return (said.strip().removeprefix("origin/"),)
    return (env["CI_DEFAULT_BRANCH"],) if env.get("CI_DEFAULT_BRANCH") else _USUAL


def web_address(remote: str) -> str:
    """A remote as an address for people, without whoever logs in there; empty for a folder. Pure."""
    short = re.fullmatch(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)", remote)
    if short:
        return f"https://{short[1]}/{short[2].strip('/').removesuffix('.git')}"
    parts = urlsplit(remote)
    if parts.scheme not in ("http", "https", "ssh", "git") or not parts.hostname:
        return ""
    scheme = parts.scheme if parts.scheme in ("http", "https") else "https"
    port = f":{parts.port}" if parts.port and scheme == parts.scheme else ""
    return f"{scheme}://{parts.hostname}{port}/{parts.path.strip('/').removesuffix('.git')}"


def tags_of(commit: Commit, content: str) -> tuple[str, ...]:
    """The tags of an image. Pure.

    What is not committed never gets the name of a commit, a branch or a version: whoever reads those may rely on them.
    """
    return tuple(dict.fromkeys(_tags(commit, content)))


def _tags(commit: Commit, content: str) -> Iterator[str]:
    if not commit.id:
        yield f"content-{content[:SHORT]}"
    elif commit.dirty:
        yield f"sha-{commit.id[:SHORT]}-dirty-{content[:SHORT]}"
    else:
        yield f"sha-{commit.id[:SHORT]}"
        yield from (tag for tag in commit.tags if _VERSION.fullmatch(tag))
        yield from [cleaned(commit.branch)] if commit.branch else []
        yield from ["latest"] if commit.default else []


def cleaned(branch: str) -> str:
    """A branch as a tag: `feature/a b` is `feature-a-b`. Pure."""
    text = re.sub(r"[^A-Za-z0-9_.-]+", "-", branch).lstrip(".-")
    return text[:_LONGEST] or "branch"


def labels_of(commit: Commit, content: str, title: str) -> dict[str, str]:
    """The labels of the OCI specification. The same commit gives the same ones. Pure."""
    made = {"title": title, "version": _version(commit, content)}
    if commit.id:
        made["revision"] = commit.id + ("-dirty" if commit.dirty else "")
    if commit.moment is not None:
        made["created"] = datetime.fromtimestamp(commit.moment, UTC).isoformat()
    if commit.source:
        made["source"] = commit.source
    return {OCI + key: value for key, value in made.items()}


def _version(commit: Commit, content: str) -> str:
    versions = [tag for tag in commit.tags if _VERSION.fullmatch(tag)]
    return versions[-1] if versions and not commit.dirty else tags_of(commit, content)[0]
