"""A visitor stays on one release while the weights grow, on every service, and nothing of it is left afterwards."""

from collections import Counter
from dataclasses import replace

import asking
import pytest
from plain_traefik import everything_to, servers, weighted
from running import free_port

from fairlead.render.edge import EdgeRoute, EdgeTable, Pool, Sticky
from fairlead.render.traefik import sticky_value

pytestmark = pytest.mark.real

NAME = "fairlead-r2"
STICKY = Sticky(NAME, 3600)


def share(rig, one, two, percent, headers=()):
    """`percent` of the visitors for r2, each of whom stays."""
    pools = {"r1": [one.port], "r2": [two.port]}
    table = rig.table(pools, {"r1": 100 - percent, "r2": percent}, headers=headers)
    rig.edge.route(replace(table, sticky=STICKY))


def given(answer):
    """The cookie an answer sets, as a browser sends it back; None without one."""
    return answer.headers.get("set-cookie", "").split(";")[0] or None


def visitors(rig, *names):
    """For each name the cookie of a visitor who was sent there."""
    found = {}
    while not set(names) <= set(found):
        answer = rig.ask()
        found[answer.who] = {"Cookie": f"theme=dark; {given(answer)}; lang=en"}
    return {name: found[name] for name in names}


def assert_stays(rig, cookies):
    for who, cookie in cookies.items():
        answers = [rig.ask(headers=cookie) for _ in range(8)]
        assert [answer.who for answer in answers] == [who] * 8
        assert not any(given(answer) for answer in answers), "nobody is assigned a second time"


def test_a_visitor_stays_while_the_weights_grow(shared, one, two):
    share(shared, one, two, 5)
    cookies = visitors(shared, "one", "two")
    for percent in (5, 25, 50, 99):
        share(shared, one, two, percent)
        assert_stays(shared, cookies)
    assert one.requests[-1].headers["cookie"] == cookies["one"]["Cookie"], "cookies reach the application as they are"


def test_new_visitors_are_shared_by_weight(shared, one, two):
    share(shared, one, two, 25)
    seen = Counter(shared.ask().who for _ in range(40))
    assert seen == {"one": 30, "two": 10}


def test_an_abort_sends_everybody_back(shared, one, two):
    share(shared, one, two, 50)
    cookies = visitors(shared, "one", "two")
    share(shared, one, two, 0)
    answers = [shared.ask(headers=cookie) for cookie in cookies.values()] + [shared.ask()]
    assert [answer.who for answer in answers] == ["one"] * 3
    assert not any(map(given, answers)), "where there is no choice nobody is assigned"


def test_a_pool_that_is_gone_sends_its_visitors_back(shared, one, two):
    share(shared, one, two, 50)
    cookies = visitors(shared, "two")
    shared.edge.route(replace(shared.table({"r1": [one.port]}), sticky=STICKY))
    assert shared.ask(headers=cookies["two"]).who == "one"


def test_afterwards_no_cookie_is_set_and_an_old_one_does_no_harm(shared, one, two, three):
    share(shared, one, two, 50)
    cookies = visitors(shared, "one", "two")
    shared.route({"r2": [two.port]})
    answers = [shared.ask(headers=cookie) for cookie in cookies.values()]
    assert [(answer.who, given(answer)) for answer in answers] == [("two", None)] * 2
    pools = {"r2": [two.port], "r3": [three.port]}
    shared.edge.route(replace(shared.table(pools, {"r2": 1, "r3": 99}), sticky=Sticky("fairlead-r3", 3600)))
    seen = Counter(shared.ask(headers=cookies["two"]).who for _ in range(4))
    assert seen["three"] == 4, "whom the last rollout left on r2 is not bound to it in the next one"


def test_the_cookie(shared, one, two):
    share(shared, one, two, 50)
    first, *rest = shared.ask().headers["set-cookie"].split("; ")
    assert set(rest) == {"Path=/", "Max-Age=3600", "HttpOnly", "SameSite=Lax"}
    name, _, value = first.partition("=")
    assert name == NAME
    assert value in {sticky_value("web-r1"), sticky_value("web-r2")}, "no port, address or name of a server is told"


def test_it_is_set_beside_the_applications_own(shared, one, two):
    share(shared, one, two, 50)
    connection = asking.kept(shared.port)
    connection.request("GET", "/cookie")
    cookies = connection.getresponse().headers.get_all("Set-Cookie")
    connection.close()
    assert sorted(cookie.partition("=")[0] for cookie in cookies) == [NAME, "session"]


def test_a_websocket_goes_where_its_visitor_is(shared, one, two):
    share(shared, one, two, 50)
    for who, cookie in visitors(shared, "one", "two").items():
        for _ in range(3):
            with asking.upgraded(shared.port, headers=cookie) as link:
                assert asking.echo(link, b"x") == f"{who}:x".encode()


def test_a_websocket_survives_an_abort(shared, one, two):
    share(shared, one, two, 50)
    with asking.upgraded(shared.port, headers=visitors(shared, "two")["two"]) as link:
        share(shared, one, two, 0)
        assert asking.echo(link, b"still") == b"two:still"


# ---- several services


def both_services(shared, one, two, three, four):
    """`/` is web, `/api` is api; each has r1 and r2. `/new` only r2 has."""
    pools = (
        Pool("web", "r1", (one.port,)), Pool("web", "r2", (two.port,)),
        Pool("api", "r1", (three.port,)), Pool("api", "r2", (four.port,)),
    )  # fmt: skip
    routes = (
        EdgeRoute("/", None, (("web-r1", 50), ("web-r2", 50))),
        EdgeRoute("/api", None, (("api-r1", 50), ("api-r2", 50))),
        EdgeRoute("/new", None, (("web-r2", 50),)),
    )
    shared.edge.route(EdgeTable(pools, routes, (), shared.listen, STICKY))


def test_naive_each_service_assigns_its_visitors_anew(plain, one, two, three):
    """The value of the cookie is a hash of a pool's name, which another service does not have."""
    pools = {"web-r1": servers(one.port), "web-r2": servers(two.port)}
    pools |= {"api-r1": servers(three.port), "api-r2": servers(three.port)}
    sticky = {"sticky": {"cookie": {"name": "s", "path": "/"}}}
    services = {**pools, "web": weighted(("web-r1", 1), ("web-r2", 1), **sticky)}
    config = everything_to("web", services | {"api": weighted(("api-r1", 1), ("api-r2", 1), **sticky)})
    config["routers"]["api"] = {"rule": "PathPrefix(`/api`)", "service": "api", "entryPoints": ["web"]}
    plain.write(config)
    cookie = given(plain.ask("/"))
    other = given(plain.ask("/api", headers={"Cookie": cookie}))
    assert other not in (None, cookie)
    assert given(plain.ask("/", headers={"Cookie": other})), "and so on, back and forth"


def test_a_visitor_has_one_release_on_all_services(shared, one, two, three):
    with type(one)("four") as four:
        both_services(shared, one, two, three, four)
        for first in ("/", "/api"):
            for _ in range(2):
                answer = shared.ask(first)
                cookie = {"Cookie": given(answer)}
                expected = (
                    {"/": "one", "/api": "three"} if answer.who in ("one", "three") else {"/": "two", "/api": "four"}
                )
                answers = {path: [shared.ask(path, headers=cookie) for _ in range(4)] for path in expected}
                assert {path: {each.who for each in found} for path, found in answers.items()} == {
                    path: {who} for path, who in expected.items()
                }
                assert not any(given(each) for found in answers.values() for each in found)
        answer = shared.ask("/new", headers={"Cookie": f"{NAME}={sticky_value('web-r1')}"})
        assert (answer.who, given(answer)) == ("two", None), "what one release alone has everybody gets from it"


# ---- what a visitor can break


@pytest.mark.parametrize("value", ["", "x", "web-r2", "../..", "x" * 3000, '"', "é"])
def test_a_strange_cookie_is_no_cookie(shared, one, two, value):
    share(shared, one, two, 50)
    answer = shared.ask(headers={"Cookie": f"{NAME}={value}".encode().decode("latin-1")})
    assert answer.status == 200


def test_whom_the_retry_sent_elsewhere_stays_there(shared, one, two):
    """The first attempt went to a canary that refuses: the answer sets one cookie, of the release that answered."""
    share(shared, one, two, 50)
    two.refuse()
    two.drop()
    answers = [shared.ask() for _ in range(4)]
    assert {(answer.status, answer.who, given(answer)) for answer in answers} == {
        (200, "one", f"{NAME}={sticky_value('web-r1')}")
    }


def test_visitors_of_a_dead_canary_are_lost_until_it_leaves_the_table(shared, one):
    """That is why the table has only instances that are well: a cookie knows no retry on another release."""
    dead = free_port()
    table = shared.table({"r1": [one.port], "r2": [dead]}, {"r1": 50, "r2": 50})
    shared.edge.route(replace(table, sticky=STICKY))
    cookie = {"Cookie": f"{NAME}={sticky_value('web-r2')}"}
    assert shared.ask(headers=cookie).status == 502
    shared.route({"r1": [one.port]})
    assert shared.ask(headers=cookie).who == "one"
