"""Verdicts: which kind, for which cause, in which words."""

import json
import random

import pytest

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.evidence import History, Probes, Side, Tick
from fairlead.rollout.verdict.trial import Trial

DAY = History({"api": Side(14_400, 72, 140)}, 86_400.0)
FAILED = Probes(3, 3, 0, 3, "/ answered 500")


def tick(canary=None, stable=None, seconds=1.0, weight=5.0, **more):
    sides = {"canary": {"api": canary} if canary else {}, "stable": {"api": stable} if stable else {}}
    return Tick(seconds, weight, **(sides | more))


def judge(*ticks, policy=None, mode="canary", history=DAY):
    trial = Trial(policy or Judge(), mode, history)
    for one in ticks:
        trial.add(one)
    return trial.verdict()


def test_before_anything_is_known():
    for verdict in (judge(), judge(tick(Side(), Side(90)))):
        assert (verdict.kind, verdict.cause) == ("hold", "insufficient")


def test_too_few_answers_say_how_many_more_are_needed():
    verdict = judge(tick(Side(60), Side(1140)))
    assert verdict.kind == "continue"
    assert verdict.text == "canary 0 errors in 60: at most 4.9 % at 95 %; 89 more good answers show 2 %"


def test_enough_good_answers_promote():
    verdict = judge(tick(Side(100), Side(1900), probes=Probes(60)))
    assert verdict.kind == "promote"
    assert verdict.text == "canary 0 errors in 160: at most 1.9 % at 95 %, below 2 %"
    assert verdict.numbers["bound"]["answers"] == 160


def test_more_errors_than_the_stable_release_abort_with_their_numbers():
    verdict = judge(tick(Side(212, 14), Side(4020, 3)))
    assert (verdict.kind, verdict.cause) == ("abort", "errors")
    assert verdict.text.startswith("canary 14 errors in 212, stable 3 in 4 020: evidence 1 : ")
    assert verdict.numbers["services"]["api"]["stable"] == {"requests": 4020, "errors": 3, "slow": None}
    assert verdict.numbers["evidence"] > 100


def test_the_service_is_named_where_there_are_several():
    sides = {"api": Side(200, 60), "web": Side(200)}
    verdict = judge(Tick(1.0, 5.0, sides, {"api": Side(3800, 10), "web": Side(3800)}))
    assert verdict.kind == "abort"
    assert verdict.text.startswith("api: canary 60 errors in 200")


def test_slow_answers_abort_for_latency():
    verdict = judge(tick(Side(100, 0, 60), Side(1900, 0, 20)))
    assert (verdict.kind, verdict.cause) == ("abort", "latency")
    assert "60 slow answers in 100" in verdict.text
    assert judge(tick(Side(100, 0, 60), Side(1900, 0, 20)), policy=Judge(over=None)).kind == "continue"


def test_a_service_that_is_slow_by_nature_is_fine():
    history = History({"api": Side(10_000, 0, 8_000)}, 86_400.0)
    ticks = [tick(Side(10, 0, 8), Side(190, 0, 152)) for _ in range(40)]
    assert judge(*ticks, history=history).kind == "promote"
    assert judge(*ticks, history=History()).kind == "promote"


def test_slower_as_a_whole_is_not_promoted_and_not_stopped():
    def side(*counts):
        return Side(sum(counts), 0, 0, tuple(zip((0.05, 0.1, 0.3), counts, strict=True)))

    verdict = judge(tick(side(10, 140, 50), side(1200, 600, 100), weight=10.0))
    assert verdict.kind == "continue"
    assert "slower" in verdict.text
    assert judge(tick(side(126, 63, 11), side(1200, 600, 100), weight=10.0)).kind == "promote"


def test_the_live_comparison_alone_sees_what_history_allows():
    history = History({"api": Side(10_000, 1_000)}, 86_400.0)
    assert judge(tick(Side(300, 33), Side(5700, 570)), history=history).kind == "promote"
    assert judge(tick(Side(300, 45), Side(5700, 57)), history=history).kind == "abort"


def test_history_alone_sees_it_where_nobody_asks_the_stable_release():
    verdict = judge(tick(Side(60, 9)), mode="watch")
    assert (verdict.kind, verdict.cause) == ("abort", "errors")
    assert "usual 0.5 %" in verdict.text
    assert judge(tick(Side(60, 9), Side(900, 200)), mode="watch").kind == "abort"


def test_probes_alone_can_stop_it():
    ticks = [tick(None, Side(5), probes=Probes(10, 1 + number % 2)) for number in range(12)]
    assert judge(*ticks).kind == "abort"


def test_three_failed_probes_stop_it_at_once():
    for mode in ("canary", "watch", "shadow"):
        verdict = judge(tick(None, None, probes=FAILED), mode=mode)
        assert (verdict.kind, verdict.cause) == ("abort", "probes")
        assert verdict.text == "3 probes failed in a row: / answered 500"
    assert judge(tick(None, Side(20), probes=FAILED)).kind == "abort"
    assert judge(tick(None, None, probes=Probes(2, 2, 0, 2, "x"))).kind != "abort"


def test_a_release_that_fails_often_anyway_has_to_fail_more_probes():
    history = History({"api": Side(10_000, 1_000)}, 86_400.0)
    assert judge(tick(None, Side(20, 2), probes=FAILED), history=history).kind == "continue"
    assert judge(tick(None, Side(20, 2), probes=Probes(5, 5, 0, 5, "x")), history=history).kind == "abort"


def test_failed_probes_are_the_environments_while_stable_fails_as_well():
    verdict = judge(tick(None, Side(900), seconds=60.0), tick(None, Side(4, 4), seconds=18.0, probes=FAILED))
    assert (verdict.kind, verdict.cause) == ("hold", "environment")
    assert "so does stable, 4 errors in 4" in verdict.text


def test_failed_probes_wait_a_moment_for_an_answer_of_stable():
    trial = Trial(Judge(), "canary", DAY)
    trial.add(tick(Side(), Side(90), seconds=60.0))
    assert trial.add(tick(Side(), Side(), seconds=18.0, probes=FAILED)).cause == "environment"
    assert trial.add(tick(Side(), Side(), seconds=6.0, probes=Probes(1, 1, 0, 4, "x"))).cause == "environment"
    assert trial.add(tick(Side(), Side(4), seconds=6.0, probes=Probes(1, 1, 0, 5, "x"))).cause == "probes"


def test_failed_probes_do_not_wait_for_ever():
    trial = Trial(Judge(), "canary", DAY)
    trial.add(tick(Side(), Side(90), seconds=60.0))
    verdicts = [trial.add(tick(Side(), Side(), probes=Probes(0, 0, 0, 3, "x"))) for _ in range(45)]
    assert [verdict.kind for verdict in (verdicts[0], verdicts[-1])] == ["hold", "abort"]


@pytest.mark.parametrize("weight", [5, 50, 90])
def test_what_breaks_both_is_the_environments_whoever_has_more_traffic(weight):
    rng, trial, kinds = random.Random(weight), Trial(Judge(), "canary", DAY), set()

    def side(mean, share):
        requests = sum(rng.random() < mean / 20 for _ in range(20))
        return Side(requests, sum(rng.random() < share for _ in range(requests)))

    for second in range(600):
        share = 0.9 if 200 <= second < 400 else 0.005
        sides = side(0.04 * weight, share), side(0.04 * (100 - weight), share)
        verdict = trial.add(tick(*sides, weight=float(weight)))
        kinds.add((verdict.kind, verdict.cause))
    assert ("hold", "environment") in kinds
    assert "abort" not in {kind for kind, _ in kinds}
    assert verdict.cause != "environment"


def test_what_breaks_both_in_the_second_of_a_new_weight_is_the_environments():
    before = [tick(Side(32), Side(95), weight=25.0), tick(Side(22), Side(66), seconds=0.73, weight=25.0)]
    policy = Judge(errors_below=0.1)
    verdict = judge(*before, tick(Side(56, 47), Side(56, 48), weight=50.0), policy=policy, history=History())
    assert (verdict.kind, verdict.cause) == ("hold", "environment"), verdict.text


def test_a_canary_that_goes_bad_after_the_environment_was_is_stopped():
    trial = Trial(Judge(), "canary", DAY)
    for errors in [0] * 30 + [1] * 30 + [0] * 60:
        trial.add(tick(Side(5, 5 * errors), Side(95, 95 * errors)))
    verdicts = [trial.add(tick(Side(5, 5), Side(95))) for _ in range(5)]
    assert verdicts[-1].kind == "abort"


def test_a_dead_environment_from_the_first_second_promotes_nobody():
    ticks = [tick(Side(5, 5), Side(95, 95)) for _ in range(60)]
    for history in (DAY, History()):
        verdict = judge(*ticks, history=history)
        assert (verdict.kind, verdict.cause) == ("hold", "environment")


def test_a_release_that_mends_a_broken_stable_one_is_promoted():
    assert judge(*[tick(Side(5), Side(95, 60)) for _ in range(40)]).kind == "promote"


def test_counts_that_cannot_be_trusted_hold_and_are_left_out():
    trial = Trial(Judge(), "canary", DAY)
    verdict = trial.add(tick(Side(500, 500), Side(500), trouble="the edge began anew"))
    assert (verdict.kind, verdict.cause) == ("hold", "metrics")
    assert "the edge began anew" in verdict.text
    assert trial.add(tick(Side(10), Side(190))).text.startswith("canary 0 errors in 10")


def test_probes_that_fail_while_the_edge_is_in_trouble_are_not_the_releases_fault():
    trial = Trial(Judge(), "canary", DAY)
    assert trial.add(tick(probes=FAILED, trouble="the edge does not answer")).cause == "metrics"
    assert trial.add(tick(None, Side(9), probes=Probes(0, 0, 0, 3, "x"))).kind != "abort"
    verdict = trial.add(tick(None, Side(9), probes=Probes(3, 3, 0, 6, "x")))
    assert verdict.cause == "probes"
    assert trial.add(tick(trouble="the edge does not answer", probes=Probes(1, 1, 0, 7, "x"))).cause == "probes"


def test_requests_that_are_not_shared_as_asked_hold():
    ticks = [tick(Side(0), Side(100), weight=25.0) for _ in range(5)]
    verdict = judge(*ticks)
    assert (verdict.kind, verdict.cause) == ("hold", "ratio")
    assert verdict.text == "canary got 0 % of the requests (0 of 400 requests) where 25 % was asked"
    assert judge(*[tick(Side(0), Side(100), weight=25.0, reloaded=True) for _ in range(5)]).cause == "insufficient"
    for mode in ("watch", "shadow"):
        assert judge(*ticks, mode=mode).cause == "insufficient"
    assert judge(*[tick(None, Side(100), weight=25.0) for _ in range(5)]).cause == "insufficient"


def test_a_service_with_errors_does_not_hide_behind_the_others():
    sides = {"api": Side(20, 2), "web": Side(2000)}
    verdict = judge(Tick(1.0, 50.0, sides, {"api": Side(20), "web": Side(2000)}))
    assert verdict.kind == "continue"
    assert "2 errors in 20 of api is over its limit" in verdict.text


def test_evidence_that_is_near_to_the_end_is_not_promoted():
    policy = Judge(errors_below=0.2)
    verdict = judge(tick(Side(100, 9), Side(1900, 25)), policy=policy)
    assert verdict.kind == "continue"
    assert "too near" in verdict.text


def test_a_service_that_turns_up_late_is_judged_too():
    first = Tick(1.0, 5.0, {"api": Side(5)}, {"api": Side(95)})
    late = Tick(1.0, 5.0, {"new": Side(60, 50)}, {"new": Side(900)})
    verdict = judge(first, late)
    assert verdict.kind == "abort"
    assert verdict.text.startswith("new: ")


def test_it_goes_on_from_its_data():
    rng, history = random.Random(3), History({"api": Side(300, 2, 9), "web": Side(4000, 9, 10)}, 3600.0)
    trial = Trial(Judge(), "canary", history)
    for second in range(400):
        sides = {
            name: Side(rng.randint(0, 4), 0, 0, ((0.1, 0), (0.3, 0)))
            for name in ("api", "web", "late")[: 2 + second // 200]
        }
        probes = Probes(1, int(second % 50 == 0), 0, int(second % 50 == 0), "x")
        one = Tick(1.0, 5.0 + second // 100, sides, sides, probes, "" if second % 90 else "trouble", second % 70 == 0)
        data = json.loads(json.dumps(trial.to_data(), allow_nan=False))
        trial, before = Trial.from_data(Judge(), "canary", history, data), trial
        assert trial.verdict() == before.verdict()
        assert trial.add(one) == before.add(one)
