"""A tester's browser reaches a release by a secret cookie, as a program does by the header."""

from dataclasses import replace

import asking
import pytest

from fairlead.render.edge import RELEASE_COOKIE, EdgeRoute, EdgeTable, HeaderRoute, Pool, Sticky
from fairlead.render.traefik import sticky_value

pytestmark = pytest.mark.real


@pytest.fixture
def pair(shared, one, two):
    """r1 has all users, r2 none; gives (name, value) of r2's cookie."""
    shared.route({"r1": [one.port], "r2": [two.port]}, {"r1": 100}, headers=["r1", "r2"])
    return shared.edge.release_cookie("r2")


def test_the_cookie_reaches_the_release_before_any_user(shared, pair):
    name, value = pair
    assert [shared.ask(headers={"Cookie": f"{name}={value}"}).who for _ in range(4)] == ["two"] * 4
    assert [shared.ask().who for _ in range(4)] == ["one"] * 4
    name, value = shared.edge.release_cookie("r1")
    assert shared.ask(headers={"Cookie": f"{name}={value}"}).who == "one"


AMONG_OTHERS = (
    "{}", "a=1; {}", "{}; a=1", "a=1; {}; b=2", "a=1;{};b=2", "a=1;  {} ; b=2", 'a="x"; {}', "a; {}", "=; {}; ;",
)  # fmt: skip


def test_other_cookies_do_not_break_it(shared, pair, two):
    for cookies in AMONG_OTHERS:
        sent = cookies.format("=".join(pair))
        assert shared.ask(headers={"Cookie": sent}).who == "two", cookies
        assert two.requests[-1].headers["cookie"] == sent, "the application's cookies reach it as they are"


def test_it_may_stand_in_a_line_of_its_own(shared, pair):
    connection = asking.kept(shared.port)
    connection.putrequest("GET", "/")
    for line in ("a=1", "=".join(pair), "b=2"):
        connection.putheader("Cookie", line)
    connection.endheaders()
    assert connection.getresponse().read() == b"two\n"
    connection.close()


WRONG = (
    "{name}=", "{name}=r2", "{name}=x{value}", "{name}={value}x", "x{name}={value}", "{name}x={value}",
    "{name}=={value}", "a={name}={value}", "a=1 {name}={value}", "{name}={value},", "a=1, {name}={value}",
    "{upper}={value}", "{name}={token}-r2", "{name}={token}",
)  # fmt: skip


def test_nothing_else_is_that_cookie(shared, pair):
    name, value = pair
    for wrong in WRONG:
        sent = wrong.format(name=name, value=value, upper=name.upper(), token=shared.edge.token())
        assert shared.ask(headers={"Cookie": sent}).who == "one", wrong


def test_it_tells_the_application_nothing_of_other_releases(shared, pair, two):
    """The application sees the cookie and may log it: neither the token nor another release follow from it."""
    shared.ask(headers={"Cookie": "=".join(pair)})
    assert shared.edge.token() not in repr(two.requests)
    assert shared.edge.release_cookie("r1")[1] != pair[1]
    assert shared.edge.release_cookie("r2") == pair, "it is the same tomorrow"


def test_a_tester_is_no_visitor(shared, one, two):
    """A tester whom a rollout has given to the stable release still reaches the canary, and is assigned to none."""
    pools = {"r1": [one.port], "r2": [two.port]}
    table = shared.table(pools, {"r1": 95, "r2": 5}, headers=["r1", "r2"])
    shared.edge.route(replace(table, sticky=Sticky("fairlead-r2", 3600)))
    tester = "=".join(shared.edge.release_cookie("r2"))
    for cookies in (tester, f"fairlead-r2={sticky_value('web-r1')}; {tester}"):
        answer = shared.ask(headers={"Cookie": cookies})
        assert (answer.who, "set-cookie" in answer.headers) == ("two", False)


def test_a_websocket_of_a_tester(shared, pair):
    with asking.upgraded(shared.port, headers={"Cookie": "=".join(pair)}) as link:
        assert asking.echo(link, b"x") == b"two:x"


def test_it_keeps_to_the_paths_and_hosts_of_the_release(shared, one, two):
    pools = (Pool("s0", "r1", (one.port,)), Pool("s1", "r1", (two.port,)))
    routes = (EdgeRoute("/", None, (("s0-r1", 100),)), EdgeRoute("/api", None, (("s1-r1", 100),)))
    headers = (HeaderRoute("/api", None, "r1", "s1-r1"),)
    shared.edge.route(EdgeTable(pools, routes, headers, shared.listen))
    cookie = {"Cookie": "=".join(shared.edge.release_cookie("r1"))}
    assert [shared.ask(path, headers=cookie).who for path in ("/api/x", "/apix")] == ["two", "one"]


def test_a_release_that_is_gone_leaves_its_testers_with_the_users(shared, one, pair):
    shared.route({"r1": [one.port]}, headers=["r1"])
    assert pair[0] == RELEASE_COOKIE
    assert shared.ask(headers={"Cookie": "=".join(pair)}).who == "one"


def test_testers_are_not_counted_as_users(shared, pair):
    """Their requests are no evidence on how the canary treats users."""
    before = shared.edge.counters().pools
    for _ in range(3):
        shared.ask(headers={"Cookie": "=".join(pair)})
    assert shared.edge.counters().pools.get("web-r2") == before.get("web-r2")
