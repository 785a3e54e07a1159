"""Releases that are good, and bad in every way a canary is there to find: on real processes, behind the real edge.

What is judged is what the edge counted, whoever answered: so the application has no server below it. All happens to
one shop: to each test a release is live that is well, and what the ledger had before is not its business.
"""

import contextlib
import http.client
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from load_projects import Shop, opened, until

from fairlead.demo.mix import Mix, Options
from fairlead.demo.traffic import Traffic
from fairlead.errors import RolloutFailed
from fairlead.ledger import Ledger
from fairlead.rollout.journal import CLOSED, ORDER, SHADOW, VERDICT, open_rollout
from fairlead.rollout.orders import give
from fairlead.rollout.state import COMMITTED, WATCH_ENDED

CANARY = (
    "strategy: canary, steps: [{weight: 25, for: 2s}, {weight: 50, for: 60s}],"
    " judge: {promote: {errors_below: 10%}, hold_for: 120s}, watch: {for: 0s}"
)
QUICK = CANARY.replace("for: 60s", "for: 2s")
WATCHED = "strategy: blue-green, watch: {for: 120s}"


def users(shop, rate=60.0):
    """Whole requests, each a new one for the edge to share out."""
    mix = Mix(get=6, post=1, fresh=1, idle=0, slow=0, stream=0, websocket=0)
    return Traffic(shop.sandbox.url, mix, Options(rate=rate, timeout=20.0))


def entries(shop, *kinds):
    """What this test has made of them."""
    with Ledger.open(shop.place.ledger) as ledger:
        return [(entry.kind, entry.data) for entry in ledger.entries(after=shop.since, kinds=list(kinds))]


def verdicts(shop):
    return [(data["kind"], data["cause"]) for _, data in entries(shop, VERDICT)]


def live(shop):
    with Ledger.open(shop.place.ledger) as ledger:
        return ledger.last(COMMITTED).data["release"]


class Judged(Shop):
    """The module's shop. What it depends on is down while the file `down` is there."""

    def begin(self, strategy, window):
        """For a test: nothing is under way, and from the next deployment on it is as given."""
        self.strategy, self.window = strategy, window
        with Ledger.open(self.place.ledger) as ledger:
            until(lambda: open_rollout(ledger) is None, 60, self.keeper_log)
            self.since = ledger.head().size


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("evidence"), Judged, app="lean", strategy=QUICK) as made:
        made.down = made.sandbox.folder / "upstream is down"
        made.env = {"UPSTREAM_DOWN": str(made.down)}
        made.deploy()
        yield made


@pytest.fixture
def shop(judged):
    """`shop("strategy: blue-green")`: that shop, as deployments make it from now on."""

    def shop(strategy, window="60s"):
        judged.begin(strategy, window)
        return judged

    return shop


@pytest.fixture
def two(shop):
    return shop(QUICK)


def test_a_good_release_is_promoted_with_its_numbers(two):
    with users(two) as traffic:
        result = two.deploy()
        report = traffic.stop(wait=10)
    assert live(two) == result.release
    assert report.lost == 0 and report.app_errors == 0
    last = entries(two, VERDICT)[-1][1]
    assert last["kind"] == "promote" and last["numbers"], last


@pytest.mark.parametrize(
    "bad,cause",
    [
        pytest.param({"FAIL_SHARE": "20"}, "errors", id="5 % errors"),
        pytest.param({"SLOWER": "0.3"}, "latency", id="300 ms slower", marks=pytest.mark.long(seconds=25)),
    ],
)
def test_a_release_that_is_worse_goes_back(two, bad, cause):
    before = live(two)
    two.strategy = CANARY
    with users(two, rate=120.0) as traffic:  # the more there are, the sooner it is known
        with pytest.raises(RolloutFailed) as error:
            two.deploy(**bad)
        report = traffic.stop(wait=10)
    assert report.lost == 0, report.losses
    assert live(two) == before
    assert verdicts(two)[-1] == ("abort", cause), verdicts(two)
    said = entries(two, VERDICT)[-1][1]["text"]
    assert said in str(error.value), "the reason is the sentence of the verdict"
    assert entries(two, CLOSED)[-1][1]["reason"] == said


@pytest.mark.long(seconds=15)  # one that dies by itself goes back in test_load_short
def test_a_release_that_grows_until_it_is_killed_goes_back(two):
    before = live(two)
    two.strategy = CANARY
    with users(two, rate=40.0) as traffic:
        with pytest.raises(RolloutFailed, match="ended after it was ready"):
            two.deploy(GROW="60")
        report = traffic.stop(wait=10)
    assert live(two) == before
    assert report.lost <= 10, "only what was in the dying instances' hands"


def test_what_both_depend_on_is_down_and_the_canary_is_not_blamed(shop):
    made = shop(CANARY.replace("for: 60s", "for: 4s"))
    with users(made) as traffic, Waiter(made) as deploying:
        until(lambda: "judge" in deploying.step and ", until" in deploying.step, 60, "the last step")
        made.down.touch()
        until(lambda: ("hold", "environment") in verdicts(made), 60, lambda: str(entries(made, VERDICT)))
        made.down.unlink()
        result = deploying.result(120)
        report = traffic.stop(wait=10)
    assert live(made) == result.release
    assert report.lost == 0 and report.app_errors > 0
    assert ("abort", "errors") not in verdicts(made)


@pytest.mark.parametrize("after_seconds", [2, pytest.param(60, marks=pytest.mark.long(sampled=False))])
def test_a_release_that_goes_bad_after_the_switch_is_rolled_back_by_itself(shop, after_seconds):
    made = shop(WATCHED, window="120s")
    bad_when = made.sandbox.folder / f"bad after {after_seconds} s"
    before = live(made)
    with users(made) as traffic:
        after = made.deploy(FAIL_WHILE=str(bad_when)).release
        time.sleep(after_seconds)  # no event to wait for: it is well until then
        bad_when.touch()
        until(lambda: live(made) == before, 60, made.keeper_log)
        until(lambda: entries(made, WATCH_ENDED), 30, "the end of the watch written down")
        report = traffic.stop(wait=10)
    assert report.lost == 0, report.losses
    ended = entries(made, WATCH_ENDED)[-1][1]
    assert (ended["release"], ended["result"]) == (after, "rolled back")
    assert "error" in ended["reason"]


class Waiter:
    """A deployment in a thread, for what happens meanwhile."""

    def __init__(self, shop, **env):
        self.shop, self.env = shop, env
        self.pool = ThreadPoolExecutor(1)

    def __enter__(self):
        self.future = self.pool.submit(self.shop.deploy, **self.env)
        return self

    def __exit__(self, kind, error, trace):
        while not self.future.done():  # more than once: it may not have begun
            self.say("abort")
            wait([self.future], 5)
        self.pool.shutdown(wait=True)

    def say(self, word, why=""):
        with Ledger.open(self.shop.place.ledger) as ledger:
            give(ledger, ledger.last("rollout.begun").rollout, word, {"user": "ada", "host": "desk"}, why)

    @property
    def step(self):
        begun = entries(self.shop, "step.begun")
        return begun[-1][1]["what"] if begun else ""

    def result(self, seconds):
        return self.future.result(timeout=seconds)


@pytest.mark.long(seconds=15)  # a person approves and aborts in test_cli_by_hand, promotes in test_hard_cases
def test_orders_are_in_the_ledger_with_who_and_why(two):
    two.strategy = CANARY
    with users(two), Waiter(two) as deploying:
        until(lambda: "25 %" in deploying.step or "judge" in deploying.step, 60, "a canary step")
        deploying.say("promote", "it is urgent")
        result = deploying.result(60)
    assert live(two) == result.release
    assert [data["by"] for _, data in entries(two, ORDER)] == ["ada@desk"]


def test_a_shadow_is_judged_and_compared_before_the_first_user(shop):
    made = shop("strategy: blue-green, shadow: {percent: 100, for: 3s}, watch: {for: 0s}")
    before = live(made)
    with users(made) as traffic, Waiter(made, NAMED="yes") as deploying:
        result = deploying.result(120)
        report = traffic.stop(wait=10)
    assert report.lost == 0 and report.app_errors == 0
    assert live(made) == result.release != before
    shadows = [data for _, data in entries(made, VERDICT) if data["step"].endswith(":watch")]
    counted = shadows[-1]["numbers"]["services"]["web"]["canary"]
    assert counted["requests"] > 20, "copies of the users' safe requests"
    assert entries(made, SHADOW)[-1][1]["differences"] == []
    told = made.sandbox.fairlead("verdict", made.sandbox.environment, "--shadow-report")
    assert told.code == 0 and f"shadow of {result.release}" in told.output, told.output
    assert f" {counted['requests']} " in told.output and "none found" in told.output, told.output


def test_a_release_whose_copies_fail_goes_back_before_its_first_user(shop):
    made = shop("strategy: blue-green, shadow: {percent: 50, for: 60s}, watch: {for: 0s}")
    before = live(made)
    with users(made) as traffic:
        with pytest.raises(RolloutFailed):
            made.deploy(FAIL_SHARE="3")
        report = traffic.stop(wait=10)
    assert report.lost == 0 and report.app_errors == 0, "no user has seen an answer of it"
    assert live(made) == before


def test_a_visitor_stays_on_one_release_while_weights_grow(shop):
    """The weights stay as they are until it was looked who is where."""
    steps = "steps: [{weight: 30, pause: approve}, {weight: 60, pause: approve}]"
    sticky = f"strategy: canary, {steps}, sticky: cookie, watch: {{for: 0s}},"
    made = shop(sticky + " judge: {promote: {errors_below: 20%}}")
    old, new = Visitor(made.sandbox.port).version(), str(made.version + 1)
    visitors = [Visitor(made.sandbox.port) for _ in range(40)]  # that all of them get the old one: a chance of 1e-6
    with users(made), Waiter(made) as deploying:
        until(lambda: asked_at(made, 30), 120, lambda: deploying.step)
        first = [visitor.version() for visitor in visitors]
        deploying.say("approve")
        until(lambda: asked_at(made, 60), 120, lambda: deploying.step)
        assert [visitor.version() for visitor in visitors] == first, "weights grew, nobody moved"
        deploying.say("approve")
        deploying.result(120)
    assert {visitor.version() for visitor in visitors} == {new}
    assert set(first) == {old, new}, "both releases had visitors"


def asked_at(made, weight):
    """Whether a person is waited for, with that weight in force."""
    begun = [data["what"] for _, data in entries(made, "step.begun")]
    routed = [what for what in begun if what.startswith("traffic")]
    return bool(routed) and begun[-1].startswith("wait until a person") and f" {weight} %" in routed[-1]


class Visitor:
    """A browser: it keeps its cookies."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def version(self):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
            connection.request("GET", "/", headers=headers if self.cookies else {})
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            return answer.headers["X-Version"]
