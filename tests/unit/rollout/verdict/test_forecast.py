"""What a canary will be able to show, said before it begins."""

from dataclasses import replace

import pytest

from fairlead.project.stack import CanaryStep, Judge
from fairlead.rollout.verdict.bound import upper_bound
from fairlead.rollout.verdict.evidence import History, Side
from fairlead.rollout.verdict.forecast import forecast

STEPS = (CanaryStep(5, 120.0), CanaryStep(25, 300.0), CanaryStep(50, 300.0))
POLICY = Judge(errors_below=0.02)
ALONE = replace(POLICY, probe_rate=0.0)


def traffic(**per_minute):
    """An hour of so many requests per minute for each service, without errors."""
    return History({name: Side(round(rate * 60)) for name, rate in per_minute.items()}, 3600.0)


def failing(per_minute, share):
    return History({"web": Side(per_minute * 60, round(per_minute * 60 * share))}, 3600.0)


def test_a_step_shows_what_the_bound_says_of_all_answers_so_far():
    found = forecast(POLICY, STEPS, traffic(web=40))
    assert [(step.requests, step.probes, step.answers) for step in found.steps] == [
        (4, 20, 24),
        (50, 50, 124),
        (100, 50, 274),
    ]
    assert [step.shows for step in found.steps] == [upper_bound(0, answers, 0.95) for answers in (24, 124, 274)]
    assert [step.enough for step in found.steps] == [False, False, True]


def test_what_a_quiet_site_can_show_in_half_an_hour():
    found = forecast(ALONE, (CanaryStep(50, 1800.0),), traffic(web=4))
    assert found.steps[0].text == (
        "50 % for 30 min: at 4 requests/min this can show at most 4.9 % errors by its end (2 % is asked for)"
    )


def test_promotion_comes_with_the_answer_that_is_enough():
    """149 answers without an error show less than 2 % at 95 %; after the steps they come at half of the traffic."""
    found = forecast(ALONE, STEPS, traffic(web=12))
    before = 12 * (0.05 * 2 + 0.25 * 5 + 0.5 * 5)
    assert found.best == pytest.approx(720 + (149 - before) / (12 * 0.5) * 60)
    assert upper_bound(0, 149, 0.95) <= 0.02 < upper_bound(0, 148, 0.95)


def test_never_before_the_last_step_is_over():
    found = forecast(POLICY, STEPS, traffic(web=3000))
    assert found.best == found.likely == found.total == 720.0
    assert found.possible
    assert found.advice == ()
    assert found.text == "all users get the new release after 12 min at best"


def test_errors_that_the_stable_release_has_cost_time():
    found = forecast(POLICY, STEPS, failing(30, 0.01))
    assert found.stable == pytest.approx(0.01)
    assert found.best < found.likely
    assert all(step.likely >= step.shows for step in found.steps)


def test_what_is_likely_is_enough_when_it_is_reached():
    """As many answers as there are then, with the errors of the stable release, pass the bound."""
    history = failing(60, 0.005)
    found = forecast(POLICY, STEPS, history)
    longer = forecast(POLICY, (*STEPS[:-1], CanaryStep(50, 300.0 + found.likely - found.total + 1)), history)
    assert longer.steps[-1].enough


def test_all_services_are_judged_together():
    found, alone = (forecast(POLICY, STEPS, traffic(**rates)) for rates in ({"web": 30, "api": 10}, {"web": 40}))
    assert found.per_minute == 40.0
    assert found.steps == alone.steps
    assert found.quiet == ()


def test_a_service_of_which_nothing_will_be_known():
    assert forecast(POLICY, STEPS, traffic(web=600, admin=0.5, api=0)).quiet == ("admin", "api")
    assert forecast(POLICY, STEPS, traffic(web=0)).quiet == ("web",)


def test_a_stable_release_that_is_worse_than_asked_for():
    found = forecast(POLICY, STEPS, failing(100, 0.05))
    assert found.likely is None
    assert not found.possible
    assert found.best is not None
    assert found.text == "the stable release has 5 % errors itself, 2 % is asked for"
    assert len(found.advice) == 1
    assert found.advice[0].startswith("ask for less: judge.promote.errors_below: ")


def test_nothing_is_sent_at_all():
    found = forecast(ALONE, STEPS, History())
    assert found.best is found.likely is None
    assert not found.possible
    assert found.steps[-1].text == "50 % for 5 min: no requests were measured: nothing can be shown by its end"
    assert [line.split(":")[0] for line in found.advice] == ["send more probes"]


def test_no_steps():
    assert forecast(POLICY, (), History()).steps == ()


@pytest.mark.parametrize("per_minute", [1, 3, 6])
@pytest.mark.parametrize("share", [0.0, 0.01])
def test_each_piece_of_advice_is_enough_by_itself(per_minute, share):
    policy, history = replace(ALONE, errors_below=0.02), failing(per_minute, share)
    found = forecast(policy, STEPS, history)
    assert not found.possible
    values = {line.split(": ")[0]: line.split(": ")[2] for line in found.advice}
    changed = {
        "send more probes": lambda text: {"probe_rate": int(text.removesuffix("/m")) / 60},
        "wait longer": lambda text: {"hold_for": int(text.split("m")[0]) * 60.0},
        "ask for less": lambda text: {"errors_below": float(text.removesuffix("%")) / 100},
    }
    assert "send more probes" in values
    for what, value in values.items():
        assert forecast(replace(policy, **changed[what](value)), STEPS, history).possible, what


def test_it_can_be_shown_as_json():
    data = forecast(POLICY, STEPS, traffic(web=10)).to_data()
    assert data["steps"][2]["weight"] == 50
    assert data["possible"] is True
