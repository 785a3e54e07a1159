"""What the engine refuses, as errors that say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from fairlead.engine.direct import NoAnswer, NobodyThere, Refused
from fairlead.errors import FairleadError, Temporary

T = TypeVar("T")
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


def for_each(act: Callable[[T], None], some: Iterable[T]) -> None:
    """Do it to each; the first error is raised at the end."""
    first: EngineError | None = None
    for one in some:
        try:
            act(one)
        except EngineError as error:
            first = first or error
    if first:
        raise first


@contextlib.contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what `direct` and the SDK raise into a FairleadError that says what was being done.

    The SDK's errors are loaded only when there is an error.
    """
    try:
        yield
    except (FairleadError, KeyboardInterrupt):
        raise
    except Refused as error:
        raise _refused(doing, str(error), error.status) from error
    except NoAnswer as error:
        raise _silent(doing, error) from error
    except _sdk_refusal() as error:
        raise _refused(doing, str(error.explanation or error), error.status_code or 0) from error
    except _sdk_silence() as error:
        raise _silent(doing, error) from error
    except (NobodyThere, _sdk_error()) as error:
        raise EngineDown(f"the Docker engine cannot be reached: {_last_words(error)}", STARTING) from error


def _sdk_refusal() -> Any:
    from docker.errors import APIError  # noqa: PLC0415 — only where there is an engine

    return APIError


def _sdk_silence() -> Any:
    from requests.exceptions import RequestException  # noqa: PLC0415

    return RequestException


def _sdk_error() -> Any:
    from docker.errors import DockerException  # noqa: PLC0415

    return DockerException


def _silent(doing: str, error: BaseException) -> EngineDown:
    return EngineDown(f"the Docker engine does not answer: {doing}: {_last_words(error)}", STARTING)


def _refused(doing: str, text: str, status: int) -> EngineError:
    said = text.strip().rstrip(".")
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
