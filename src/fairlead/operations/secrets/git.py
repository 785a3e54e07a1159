"""What git is asked and told about files of secrets. None where there is no git or no repository."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.system.commands import Command, Outcome, run
from fairlead.system.files import write_file

DRIVER = "fairlead-secrets"
ATTRIBUTES = f"secrets/*.yaml merge={DRIVER}"
_SECONDS = 10.0


def asked(folder: Path, *argv: str) -> Outcome:
    """Run git there, without the variables by which a hook or an alias would point it elsewhere."""
    env = {name: one for name, one in os.environ.items() if not name.startswith("GIT_") or name == "GIT_CONFIG_GLOBAL"}
    env |= {"LC_ALL": "C.UTF-8"}
    return run(Command(("git", "--no-pager", *argv), cwd=folder, env=env, timeout=_SECONDS, apart=True))


def top(folder: Path) -> Path | None:
    """The repository's folder."""
    found = asked(folder, "rev-parse", "--show-toplevel")
    return Path(found.output.removesuffix("\n")) if found else None


def content(path: Path, revision: str) -> str:
    """The file as it was then. FairleadError when there is no such revision, or the file was not in it."""
    if revision.startswith("-"):
        raise FairleadError(f"{revision} is no revision of git", "name a commit, a branch or a tag")
    found = asked(path.parent, "show", f"{revision}:./{path.name}")
    if not found:
        why = (found.errors.strip().splitlines() or ["git says nothing"])[0].removeprefix("fatal: ")
        raise FairleadError(f"git cannot show {path.name} as of {revision}: {why}", "see `git log` for revisions")
    return found.output


def install_driver(root: Path) -> tuple[str, ...]:
    """Have git merge files of secrets by their values; what was changed for it, in words.

    `.gitattributes` is for everybody and belongs into git; which program does it is said in this clone alone, since git
    takes no programs from a repository.
    """
    if top(root) is None:
        return ()
    done = [".gitattributes"] if _attribute(root / ".gitattributes") else []
    command = f"{shlex.quote(sys.executable)} -m fairlead secrets merge %O %A %B --path %P"
    for key, value in ((f"merge.{DRIVER}.name", "values of secrets"), (f"merge.{DRIVER}.driver", command)):
        before = asked(root, "config", "--local", "--get", key)
        if before.output.removesuffix("\n") == value:
            continue
        asked(root, "config", "--local", key, value).require("git does not take the merge driver")
        if ".git/config" not in done:
            done.append(".git/config")
    return tuple(done)


def has_driver(root: Path) -> bool:
    """Whether this clone merges files of secrets by their values; True where there is no git that could merge."""
    return top(root) is None or bool(asked(root, "config", "--get", f"merge.{DRIVER}.driver"))


def _attribute(path: Path) -> bool:
    before, line = path.read_bytes() if path.exists() else b"", ATTRIBUTES.encode()
    if line in before.splitlines():
        return False
    write_file(path, before + (b"" if not before or before.endswith(b"\n") else b"\n") + line + b"\n")
    return True
