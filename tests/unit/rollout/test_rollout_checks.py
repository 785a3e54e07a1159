"""Smoke tests: what an answer must be, which service a test asks, and how failures are told."""

from __future__ import annotations

import pytest

from fairlead.edges.fake import FakeEdge
from fairlead.errors import FairleadError
from fairlead.project.stack import Route, Service, Smoke, Stack
from fairlead.rollout.checks import asked, judge, run_smoke_tests, smoke_tests
from fairlead.runtimes.fake import FakeRuntime
from fairlead.system.http import Answer

FINE = Answer(200, b"<h1>Shop</h1>", {"x-version": "2"})


@pytest.mark.parametrize(
    ("smoke", "answer", "why"),
    [
        (Smoke("/"), FINE, ""),
        (Smoke("/"), Answer(0, error="connection refused"), "connection refused"),
        (Smoke("/"), Answer(503), "expected status 200, got 503"),
        (Smoke("/", status=404), Answer(404), ""),
        (Smoke("/", status=301), FINE, "expected status 301, got 200"),
        (Smoke("/", contains="Shop"), FINE, ""),
        (Smoke("/", contains="Cart"), FINE, "the answer does not contain 'Cart'"),
        (Smoke("/", contains="�"), Answer(200, b"\xff"), ""),
        (Smoke("/", header={"X-Version": "2"}), FINE, ""),
        (Smoke("/", header={"X-Version": "3"}), FINE, "expected header X-Version: 3, got '2'"),
        (Smoke("/", header={"X-Other": "3"}), FINE, "expected header X-Other: 3, got None"),
        (Smoke("/", status=0), Answer(404), ""),
        (Smoke("/", status=0), Answer(500), "answered 500"),
        (Smoke("/", status=0), Answer(0, error="no answer within 5 s"), "no answer within 5 s"),
    ],
)
def test_judge(smoke: Smoke, answer: Answer, why: str) -> None:
    assert judge(smoke, answer) == why


def public(name: str, *routes: Route) -> Service:
    return Service(name, "run", port=80, routes=routes)


ADMIN = public("admin", Route("/", "admin.example"))
SHOP = Stack("p", "e", services=(public("web", Route("/")), public("api", Route("/api")), ADMIN))


def test_without_tests_each_route_is_asked() -> None:
    assert smoke_tests(SHOP) == (
        Smoke("/", status=0), Smoke("/api", status=0), Smoke("/", "admin.example", status=0),
    )  # fmt: skip
    assert smoke_tests(SHOP, "api") == (Smoke("/api", status=0),)


@pytest.mark.parametrize(
    ("smoke", "name"),
    [
        (Smoke("/"), "web"),
        (Smoke("/apix"), "web"),
        (Smoke("/api"), "api"),
        (Smoke("/api/"), "api"),
        (Smoke("/api/users"), "api"),
        (Smoke("/api", host="admin.example"), "admin"),
        (Smoke("/", host="other.example"), "web"),
    ],
)
def test_who_is_asked(smoke: Smoke, name: str) -> None:
    assert asked(SHOP, smoke) == name


def test_a_path_of_nobody() -> None:
    assert asked(Stack("p", "e", services=(public("api", Route("/api")),)), Smoke("/")) is None


def test_declared_tests_of_one_service() -> None:
    stack = Stack("p", "e", services=SHOP.services, smoke=(Smoke("/api/x"), Smoke("/y")))
    assert smoke_tests(stack) == stack.smoke
    assert smoke_tests(stack, "web") == (Smoke("/y"),)
    assert smoke_tests(stack, "admin") == ()


def test_every_failure_is_told_at_once() -> None:
    edge = FakeEdge(FakeRuntime())
    edge.up()
    with pytest.raises(FairleadError) as caught:
        run_smoke_tests(edge, (Smoke("/"), Smoke("/b", "b.example"), Smoke("/c", status=404)), {}, patience=0)
    assert caught.value.message == (
        "smoke test failed: GET /: expected status 200, got 404; GET b.example/b: expected status 200, got 404"
    )


def test_a_failing_test_is_tried_again() -> None:
    """The first request of a fresh instance may be slow; one that passes within the patience has passed."""
    answers = iter([Answer(500), Answer(500), Answer(200)])

    class Slow(FakeEdge):
        def ask(self, path: str, host: str | None, headers: dict[str, str], timeout: float) -> Answer:
            return next(answers)

    run_smoke_tests(Slow(FakeRuntime()), (Smoke("/"),), {}, patience=30)
    assert next(answers, None) is None
