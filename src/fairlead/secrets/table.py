"""Every back end there is, by its kind in the project file. What one needs is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.project.stack import SecretBackend, Stack
from fairlead.secrets.base import Backend


def _age(stack: Stack, root: Path) -> Backend:
    from fairlead.secrets.age_file import AgeFile, file_of  # noqa: PLC0415 — a back end loads what it needs

    return AgeFile(file_of(root, stack.environment), stack.environment)


def _environment(stack: Stack, root: Path) -> Backend:
    from fairlead.secrets.environment import EnvironmentBackend  # noqa: PLC0415

    return EnvironmentBackend(_declared(stack))


def _vault(stack: Stack, root: Path) -> Backend:
    from fairlead.secrets.vault import VaultBackend, url_of  # noqa: PLC0415

    said = stack.secret_backend
    path = said.path or f"{stack.project}/{stack.environment}"
    return VaultBackend(url_of(said.url), path, said.mount or "secret", said.namespace, said.auth or "token")


def _aws(stack: Stack, root: Path) -> Backend:
    from fairlead.secrets.aws import AwsBackend  # noqa: PLC0415

    said = stack.secret_backend
    return AwsBackend(said.path or f"{stack.project}/{stack.environment}", said.region, said.url)


def _exec(stack: Stack, root: Path) -> Backend:
    from fairlead.secrets.exec_command import ExecBackend  # noqa: PLC0415

    return ExecBackend(stack.secret_backend.get, stack.secret_backend.set, _declared(stack), root)


BACKENDS: dict[str, Callable[[Stack, Path], Backend]] = {
    "age": _age,
    "environment": _environment,
    "vault": _vault,
    "aws": _aws,
    "exec": _exec,
}
NEEDS = {"age": (("pyrage", "cryptography"), "secrets"), "vault": (("hvac",), "vault"), "aws": (("boto3",), "aws")}
"""What a kind needs beyond Fairlead's own: libraries, and the extra that brings them."""


def backend_of(stack: Stack, root: Path) -> Backend:
    """Where that environment's secrets are kept. `root` is the folder of the project file.

    FairleadError when what the kind needs is not installed; UsageError when the project file does not say enough.
    """
    kind = stack.secret_backend.kind
    require(kind)
    return BACKENDS[kind](stack, root)


def elsewhere(said: SecretBackend) -> str | None:
    """Where a person gives a value that Fairlead can only read there; None where it can write."""
    if said.kind == "environment":
        return "where this command is started, in the CI system or the shell"
    return "with the program itself" if said.kind == "exec" and said.set is None else None


def require(kind: str) -> None:
    """FairleadError, saying what to install, when the libraries of that kind are missing."""
    modules, extra = NEEDS.get(kind, ((), ""))
    if any(find_spec(module) is None for module in modules):
        what = f"the libraries for secret_backend {kind} are not installed"
        raise FairleadError(what, f"pip install 'fairlead[{extra}]'")


def _declared(stack: Stack) -> tuple[str, ...]:
    return tuple(one.name for one in stack.secrets)
