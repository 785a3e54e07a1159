"""Where the secrets of an environment are kept, and which of them the project file declares."""

from __future__ import annotations

from collections.abc import Collection

from fairlead.errors import UsageError
from fairlead.project.problem import did_you_mean
from fairlead.project.project import Project
from fairlead.secrets.age_file import AgeFile, file_of
from fairlead.secrets.base import Backend
from fairlead.secrets.table import backend_of, require


def kept(project: Project, environment: str) -> Backend:
    """The back end of that environment. UsageError when there is no such environment, or too little is said of it."""
    return backend_of(project.outline(environment), project.root)


def age_file(project: Project, environment: str) -> AgeFile:
    """The file of that environment. UsageError when its secrets are kept elsewhere."""
    kind = project.outline(environment).secret_backend.kind
    if kind != "age":
        what = f"the secrets of {environment} are kept by {kind}, which has no file and no recipients"
        raise UsageError(what, "who may read them is said there")
    require(kind)
    return AgeFile(file_of(project.root, environment), environment)


def declared(project: Project, environment: str) -> tuple[str, ...]:
    """The names that the project file declares for it, in its order."""
    return tuple(one.name for one in project.outline(environment).secrets)


def known(project: Project, environment: str, name: str, there: Collection[str] = ()) -> None:
    """UsageError for a name that is neither declared nor `there`."""
    names = declared(project, environment)
    if name not in names and name not in there:
        what = f"{name} is not a secret of {environment}{did_you_mean(name, [*names, *there])}"
        raise UsageError(what, f"declare it in {project.file}, under `secrets`")
