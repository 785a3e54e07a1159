"""What the engine refuses, as errors that say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from fairlead.errors import FairleadError, Temporary

STARTING = "start it (systemctl start docker), or set DOCKER_HOST to where it listens"


class EngineError(FairleadError):
    """The engine said no. `status` is that of HTTP."""

    def __init__(self, message: str, hint: str | None = None, status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status


class NotThere(EngineError):
    """There is no such container, image, network or volume."""


class EngineDown(Temporary):
    """Nothing answers, or not in time."""


@contextlib.contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into a FairleadError that says what was being done."""
    from docker.errors import APIError, DockerException  # noqa: PLC0415 — only where there is an engine
    from requests.exceptions import RequestException  # noqa: PLC0415

    try:
        yield
    except APIError as error:
        raise _refused(doing, error) from error
    except RequestException as error:
        raise EngineDown(f"the Docker engine does not answer: {doing}: {_last_words(error)}", STARTING) from error
    except DockerException as error:
        raise EngineDown(f"the Docker engine cannot be reached: {_last_words(error)}", STARTING) from error


def _refused(doing: str, error: Any) -> EngineError:
    said = str(error.explanation or error).strip().rstrip(".")
    status = error.status_code or 0
    kind = NotThere if status == 404 else EngineError
    return kind(f"{doing}: {said}", _hint(said), status)


def _hint(said: str) -> str | None:
    lower = said.lower()
    if "no space left" in lower:
        return "free disk space where the engine keeps its data: docker system df"
    if "port is already allocated" in lower or "address already in use" in lower:
        return "stop what has that port (docker ps, ss -ltnp), or declare another one"
    return None


def _last_words(error: BaseException) -> str:
    """The innermost reason: the SDK wraps a refused connection four times."""
    inner: BaseException = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return str(inner) or type(inner).__name__
