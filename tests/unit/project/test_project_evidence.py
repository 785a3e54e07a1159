"""What a release is judged by: what the file says of it, what it comes to, and an analysis that checks nothing."""

# ruff: noqa: E501 - messages stand on one line, as they are printed

import json

import pytest
from project_files import findings, small, stack

from fairlead.project.reference import section_docs
from fairlead.project.resolve import DEFAULT_STEPS
from fairlead.project.stack import (
    LATENCY_BUCKETS,
    CanaryStep,
    Judge,
    Rollout,
    Shadow,
    Smoke,
    Stack,
    Watch,
    from_data,
    to_data,
)

ROUTES = "    routes: [/]\n"
LOCAL = "  local: {edge: {http: 8080}%s}\n"


def routed(rollout: str, own: str = "", health: str = "") -> str:
    """A file with one routed service, this rollout on line 7, and the environment on line 9 (one more with `health`)."""
    return small(ROUTES + health, f"rollout: {rollout}\n", LOCAL % own)


WHOLE = routed(
    "{strategy: canary, steps: [{weight: 10, for: 1m}, {weight: 50, for: 5m, pause: approve}], soak: 30s,"
    " judge: {errors: {tolerate: 2}, latency: {over: 1.5s}, alpha: 0.05, promote: {errors_below: 1%, confidence: 99%},"
    " probes: {rate: 30/m, requests: [{path: /health}, {path: /, contains: Shop}]},"
    " insufficient: promote-if-probes-pass, hold_for: 2h},"
    " watch: {for: 10m, rollback: false}, shadow: {percent: 12.5, for: 1m}, sticky: cookie, approve: true}"
)


def test_everything_that_can_be_said():
    judge = Judge(
        2.0,
        1.5,
        0.05,
        0.01,
        0.99,
        0.5,
        (Smoke("/health"), Smoke("/", contains="Shop")),
        "promote-if-probes-pass",
        7200.0,
    )
    assert stack(WHOLE).rollout == Rollout(
        "canary", steps=(CanaryStep(10, 60.0), CanaryStep(50, 300.0, approve=True)), soak=30.0, judge=judge,
        watch=Watch(600.0, rollback=False), shadow=Shadow(12.5, 60.0), sticky=True, approve=True,
    )  # fmt: skip


@pytest.mark.parametrize("text", [WHOLE, routed("{watch: off}"), routed("{judge: {latency: off, probes: off}}")])
def test_it_is_stored_and_read_back(text):
    one = stack(text)
    assert from_data(Stack, json.loads(json.dumps(to_data(one)))) == one


def test_canary_alone_is_enough():
    assert stack(routed("{strategy: canary}")).rollout == Rollout("canary", steps=DEFAULT_STEPS, watch=Watch(300.0))
    assert Judge() == Judge(1.5, 0.3, 0.01, None, 0.95, 10 / 60, (), "hold", 1800.0)


def test_the_example_of_the_reference_resolves():
    services = (
        "name: a\nservices: {web: {command: serve, port: 1, routes: [/]}}\nenvironments: {local: {edge: {http: 1}}}\n"
    )
    one = stack(section_docs("rollout") + services).rollout
    assert one.judge == Judge(errors_below=0.02, probes=(Smoke("/health"), Smoke("/", contains="Shop")))
    assert (one.watch, one.shadow, one.sticky, one.approve) == (Watch(300.0), Shadow(10.0, 60.0), True, False)
    assert one.steps == (CanaryStep(10, 60.0), CanaryStep(50, 300.0, approve=True))


@pytest.mark.parametrize(
    ("written", "watch"),
    [
        ("{}", Watch(300.0)),
        ("{rollback_window: 2m}", Watch(120.0)),
        ("{rollback_window: 0s}", None),
        ("{rollback_window: 0s, watch: {rollback: false}}", Watch(300.0, rollback=False)),
        ("{rollback_window: 0s, watch: {for: 1h, rollback: false}}", Watch(3600.0, rollback=False)),
        ("{watch: 10m}", Watch(600.0)),
        ("{watch: {rollback: false}}", Watch(300.0, rollback=False)),
        ("{watch: off}", None),
        ("{watch: {for: off}}", None),
        ("{watch: {for: 0s}}", None),
    ],
)
def test_the_watch(written, watch):
    assert stack(routed(written)).rollout.watch == watch


def test_without_routes_nothing_is_watched_unless_asked_for():
    assert stack(small()).rollout.watch is None
    assert stack(small(top="rollout: {watch: 1m}\n")).rollout.watch == Watch(60.0)


@pytest.mark.parametrize("bucket", LATENCY_BUCKETS)
def test_every_time_the_edge_counts_by_can_be_the_threshold(bucket):
    assert stack(routed(f"{{judge: {{latency: {bucket}s}}}}")).rollout.judge.over == bucket
    assert stack(routed(f"{{judge: {{latency: {{over: {bucket * 1000:g}ms}}}}}}")).rollout.judge.over == bucket


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("0s", "10ms and 25ms"), ("9ms", "10ms and 25ms"), ("11ms", "10ms and 25ms"), ("0.9s", "750ms and 1s"),
        ("1.2s", "1s and 1.5s"), ("9s", "5s and 10s"), ("1d", "5s and 10s"),
    ],
)  # fmt: skip
def test_any_other_time_is_told_the_nearest_two(written, near):
    assert findings(routed(f"{{judge: {{latency: {written}}}}}")) == [
        f"fairlead.yaml:7:19: rollout.judge.latency: the edge does not count answers over {written}; the nearest that it does are {near}"
    ]


@pytest.mark.parametrize(
    ("written", "rate"),
    [("10/m", 10 / 60), ("{rate: 99/s}", 99.0), ("36/h", 0.01), ("0/m", 0.0), ("{rate: 0/s}", 0.0), ("off", 0.0)],
)
def test_the_rate_of_probes(written, rate):
    assert stack(routed(f"{{judge: {{probes: {written}}}}}")).rollout.judge.probe_rate == pytest.approx(rate)


def test_latency_is_switched_off_in_two_ways():
    assert stack(routed("{judge: {latency: off}}")).rollout.judge.over is None
    assert stack(routed("{judge: {latency: {over: off}}}")).rollout.judge.over is None


@pytest.mark.parametrize(
    ("base", "own", "approve"),
    [
        ("{}", "", False), ("{}", ", approve: true", True), ("{}", ", approve: false", False),
        ("{approve: true}", "", True), ("{approve: true}", ", approve: false", False),
        ("{approve: true}", ", rollout: {approve: false}", False),
        ("{}", ", approve: true, rollout: {approve: true}", True),
    ],
)  # fmt: skip
def test_the_environment_decides_who_approves(base, own, approve):
    assert stack(routed(base, own)).rollout.approve is approve


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ("watch: {for: 1m, rollback: false}", "watch: 2m", Watch(120.0, rollback=False)),
        ("watch: 1m", "watch: {rollback: false}", Watch(60.0, rollback=False)),
        ("watch: 1m", "watch: {for: null}", Watch(300.0)),
        ("watch: {for: 1m, rollback: false}", "watch: off", None),
        ("watch: 1m", "watch: null", Watch(300.0)),
    ],
)
def test_short_forms_merge_like_long_ones(base, over, expected):
    assert stack(routed(f"{{{base}}}", f", rollout: {{{over}}}")).rollout.watch == expected


def test_an_environment_changes_one_part_of_the_judge():
    base = "{judge: {alpha: 0.02, latency: 1s, probes: {rate: 1/s, requests: [{path: /a}]}}}"
    judge = stack(routed(base, ", rollout: {judge: {latency: off, probes: 2/s}}")).rollout.judge
    assert judge == Judge(alpha=0.02, over=None, probe_rate=2.0, probes=(Smoke("/a"),))


REFUSED = {
    "canary without routes": (
        small(top="rollout: {strategy: canary}\n"),
        "6:11: rollout.strategy: canary shares requests out, and no service has routes in local; add routes, or choose blue-green",
    ),
    "judge without routes": (
        small(top="rollout: {judge: {alpha: 0.01}}\n"),
        "6:11: rollout.judge: judge weighs answers, and no service has routes in local; add routes, or remove judge",
    ),
    "shadow without routes": (
        small(top="rollout: {shadow: {percent: 1, for: 1m}}\n"),
        "6:11: rollout.shadow: shadow mirrors requests, and no service has routes in local; add routes, or remove shadow",
    ),
    "overlay, routes taken from a canary": (
        routed("{strategy: canary}", ", services: {web: {routes: null}}"),
        "9:48: environments.local.services.web.routes: canary shares requests out, and no service has routes in local; add routes, or choose blue-green",
    ),
    "nothing judged": (
        routed("{judge: {alpha: 0.01}, watch: off}"),
        "7:11: rollout.judge: nothing is ever judged: strategy is blue-green, the default, watch is off and soak is 0s; watch for some minutes, set soak, or choose canary",
    ),
    "nothing judged, no window": (
        routed("{strategy: rolling, judge: {alpha: 0.01}, rollback_window: 0s}"),
        "7:30: rollout.judge: nothing is ever judged: strategy is rolling, rollback_window is 0s and soak is 0s; watch for some minutes, set soak, or choose canary",
    ),
    "watch, longer than the default window": (
        routed("{watch: {for: 11m}}"),
        "7:19: rollout.watch.for: 11m is longer than rollback_window (10m, the default), and only a warm old release can take over again; watch for less, lengthen the window, or set rollback: false",
    ),
    "watch, longer than the window": (
        routed("{watch: 5m, rollback_window: 299s}"),
        "7:11: rollout.watch: 5m is longer than rollback_window (299s), and only a warm old release can take over again; watch for less, lengthen the window, or set rollback: false",
    ),
    "overlay, a window shorter than the watch": (
        routed("{watch: 5m}", ", rollout: {rollback_window: 1m}"),
        "9:41: environments.local.rollout.rollback_window: 5m is longer than rollback_window (1m), and only a warm old release can take over again; watch for less, lengthen the window, or set rollback: false",
    ),
    "shadow, very long": (
        routed("{shadow: {percent: 1, for: 25h}}"),
        "7:32: rollout.shadow.for: 25h is longer than a day, and nobody gets the new release before it ends",
    ),
    "probes that are never sent": (
        routed("{judge: {probes: {rate: 0/h, requests: [{path: /}]}}}"),
        "7:39: rollout.judge.probes.requests: never sent, because rate is 0/h; raise rate, or remove requests",
    ),
    "no probes to pass": (
        routed(
            "{strategy: canary, judge: {probes: off, insufficient: promote-if-probes-pass}}", health="    health: /h\n"
        ),
        "8:50: rollout.judge.insufficient: no probe can pass, because the rate is off; raise it, or choose hold",
    ),
    "overlay, no probes to pass": (
        routed(
            "{strategy: canary, judge: {insufficient: promote-if-probes-pass}}",
            ", rollout: {judge: {probes: {rate: 0/m}}}",
            "    health: /h\n",
        ),
        "10:58: environments.local.rollout.judge.probes.rate: no probe can pass, because the rate is 0/m; raise it, or choose hold",
    ),
    "nothing to probe": (
        routed("{strategy: canary, judge: {insufficient: promote-if-probes-pass}}", health="    health: {live: /l}\n"),
        "8:37: rollout.judge.insufficient: no probe can pass, because there is none to send; add judge.probes.requests, smoke, or a health path to a service with routes",
    ),
    "steps without time, abort": (
        routed("{strategy: canary, steps: [{weight: 5}, {weight: 6, for: 0s}], judge: {insufficient: abort}}"),
        "7:29: rollout.steps: all steps last 0s, in which nothing can be shown, and insufficient is abort; give the steps a time, or wait with insufficient: hold",
    ),
    "steps without time, nobody waits": (
        routed("{strategy: canary, steps: [{weight: 5}], judge: {hold_for: 0s}}"),
        "7:29: rollout.steps: all steps last 0s, in which nothing can be shown, and hold_for is 0s; give the steps a time, or wait with a longer hold_for",
    ),
    "no time to approve": (
        routed("{approve: true, judge: {hold_for: 0s}}"),
        "7:34: rollout.judge.hold_for: 0s leaves nobody the time to approve; give them some",
    ),
    "no time to approve a step": (
        routed("{strategy: canary, steps: [{weight: 5, for: 1m, pause: approve}], judge: {hold_for: 0s}}"),
        "7:84: rollout.judge.hold_for: 0s leaves nobody the time to approve; give them some",
    ),
    "overlay, no time to approve": (
        routed("{judge: {hold_for: 0s}}", ", approve: true"),
        "9:31: environments.local.approve: 0s leaves nobody the time to approve; give them some",
    ),
    "approve, yes and no": (
        small(environments="  local: {approve: true, rollout: {approve: false}}\n"),
        "7:11: environments.local.approve: true here, and false in rollout on line 7; keep one of them",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_checks_nothing_is_refused(case):
    text, expected = REFUSED[case]
    assert findings(text) == [f"fairlead.yaml:{expected}"]


LEFT_UNUSED = {
    "a judge, by an environment without a watch": routed("{judge: {alpha: 0.01}}", ", rollout: {watch: off}"),
    "a judge, by an environment without routes": routed("{judge: {alpha: 0.01}}", ", services: {web: {routes: null}}"),
    "requests, by an environment without probes": routed(
        "{judge: {probes: {requests: [{path: /}]}}}", ", rollout: {judge: {probes: off}}"
    ),
    "an approval of the base": routed(
        "{approve: true, judge: {hold_for: 1m}}", ", approve: false, rollout: {judge: {hold_for: 0s}}"
    ),
    "a pause, by an environment with another strategy": routed(
        "{strategy: canary, steps: [{weight: 1, for: 1m, pause: approve}]}",
        ", rollout: {strategy: rolling, judge: {hold_for: 0s}}",
    ),
    "steps without time, where evidence is waited for": routed("{strategy: canary, steps: [{weight: 1}]}"),
    "routes that only an environment has": small(
        top="rollout: {strategy: canary}\n", environments="  local: {edge: {http: 1}, services: {web: {routes: [/]}}}\n"
    ),
}


@pytest.mark.parametrize("case", LEFT_UNUSED)
def test_what_an_environment_made_idle_is_left_unused(case):
    assert findings(LEFT_UNUSED[case]) == []
