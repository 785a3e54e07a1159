"""Does a release answer as it should? Asked through the edge, before users come (by header) and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fairlead.edges.base import Edge
from fairlead.errors import FairleadError
from fairlead.project.stack import Smoke, Stack
from fairlead.system.clock import wait_until
from fairlead.system.http import Answer

PATIENCE = 3.0  #: seconds a failing smoke test is tried again: a first request may be slow, a second one tells


@dataclass(frozen=True, slots=True)
class Failure:
    """A smoke test that failed, and why."""

    smoke: Smoke
    why: str

    def __str__(self) -> str:
        return f"GET {self.smoke.host or ''}{self.smoke.path}: {self.why}"


def smoke_tests(stack: Stack, service: str = "") -> tuple[Smoke, ...]:
    """The declared ones, or one per route that any answer of the application below 500 passes (status 0).

    With `service` only those whose request goes to that service.
    """
    routes = [route for one in stack.services for route in one.routes]
    tests = stack.smoke or tuple(Smoke(route.path, route.host, status=0) for route in routes)
    return tuple(test for test in tests if not service or asked(stack, test) == service)


def asked(stack: Stack, smoke: Smoke) -> str | None:
    """The service that gets the request of a smoke test: a route with its host before one without, the longest path."""
    found = [
        (route.host is not None, len(route.path), service.name)
        for service in stack.services
        for route in service.routes
        if route.host in (None, smoke.host) and (smoke.path + "/").startswith(route.path.rstrip("/") + "/")
    ]
    return max(found)[2] if found else None


def judge(smoke: Smoke, answer: Answer) -> str:
    """Why an answer fails a smoke test; empty when it passes."""
    if answer.status == 0:
        return answer.error
    if smoke.status == 0:
        return f"answered {answer.status}" if answer.status >= 500 else ""
    if answer.status != smoke.status:
        return f"expected status {smoke.status}, got {answer.status}"
    if smoke.contains is not None and smoke.contains not in answer.body.decode(errors="replace"):
        return f"the answer does not contain {smoke.contains!r}"
    for name, value in smoke.header.items():
        if answer.headers.get(name.lower()) != value:
            return f"expected header {name}: {value}, got {answer.headers.get(name.lower())!r}"
    return ""


def run_smoke_tests(edge: Edge, tests: Iterable[Smoke], headers: dict[str, str], patience: float = PATIENCE) -> None:
    """All of them; FairleadError with every failure. `patience`: seconds until one that fails has failed."""
    failures = [failure for smoke in tests if (failure := _try(edge, smoke, headers, patience))]
    if failures:
        raise FairleadError("smoke test failed: " + "; ".join(str(failure) for failure in failures))


def _try(edge: Edge, smoke: Smoke, headers: dict[str, str], patience: float) -> Failure | None:
    said: list[str] = []

    def passes() -> bool:
        said.append(judge(smoke, edge.ask(smoke.path, smoke.host, headers, smoke.timeout)))
        return not said[-1]

    return None if wait_until(passes, patience, every=0.1) else Failure(smoke, said[-1])
