from fairlead.cli.progress.base import Verdicts
from fairlead.cli.progress.story import Story
from fairlead.rollout.events import Event


def told(*events):
    story = Story("deploying")
    for kind, text, data in events:
        story.tell(Event(kind, text, data))
    return story


PLAN = ("plan", "3 steps", {"steps": ["start", "wait", "route"]})


def test_steps_run_and_end():
    story = told(PLAN, ("step", "start", {"step": "1:start"}), ("done", "start", {"step": "1:start", "seconds": 0.5}),
                 ("step", "wait", {"step": "2:ready"}), ("ready", "web.1 is ready", {}))  # fmt: skip
    assert [line.state for line in story.lines] == ["done", "running", "waiting"]
    assert story.lines[0].seconds == 0.5 and list(story.notes) == ["web.1 is ready"]


def test_the_way_back():
    story = told(PLAN, ("step", "start", {"step": "1:start"}), ("done", "start", {"step": "1:start", "seconds": 1}),
                 ("step", "wait", {"step": "2:ready"}), ("failed", "no answer\nlog", {}),
                 ("undone", "as before", {}))  # fmt: skip
    assert [line.state for line in story.lines] == ["undone", "failed", "waiting"]
    assert story.reason == "no answer"


def test_traffic_and_pulse():
    story = told(("traffic", "", {"weights": {"a": 90, "b": 10}}), ("pulse", "5 requests/s", {}))
    assert story.weights == {"a": 90, "b": 10} and story.pulse == "5 requests/s"


def test_a_small_terminal_shows_what_is_around_the_running_step():
    story = told(("plan", "", {"steps": [str(number) for number in range(1, 21)]}), ("step", "", {"step": "10:x"}))
    lines, before, behind = story.window(5)
    assert "10" in [line.text for line in lines] and len(lines) == 5 and before + behind == 15
    assert story.window(50) == (story.lines, 0, 0)


def test_steps_it_does_not_know_are_passed_over():
    story = told(PLAN, ("step", "?", {"step": "99:x"}), ("done", "?", {}), ("unheard-of", "?", {}))
    assert [line.state for line in story.lines] == ["waiting"] * 3


def test_what_the_evidence_says_stands_apart_from_notes():
    verdict = {"verdict": {"kind": "hold", "cause": "ratio"}}
    story = told(PLAN, ("step", "wait", {"step": "2:watch"}), ("watch", "too few", verdict), ("note", "hm", {}))
    assert (story.verdict, story.verdict_kind, list(story.notes)) == ("too few", "hold", ["hm"])
    story.tell(Event("waiting", "for a person", {}))
    assert story.lines[1].state == "held"
    story.tell(Event("step", "route", {"step": "3:route"}))
    assert story.verdict == ""


def test_who_goes_on_begins_where_it_was_left():
    story = told(("plan", "3 steps", {"steps": ["start", "wait", "route"], "done": ["1:start"]}))
    assert [line.state for line in story.lines] == ["done", "waiting", "waiting"]


def watched(kind, cause, text):
    return Event("watch", text, {"verdict": {"kind": kind, "cause": cause, "text": text}})


def test_verdicts_that_only_count_on_are_no_lines():
    verdicts = Verdicts()
    events = [
        Event("step", "judge", {}), watched("continue", "", "1 of 9"), watched("continue", "", "2 of 9"),
        watched("hold", "ratio", "shares"), watched("continue", "", "8 of 9"), watched("continue", "", "9 of 9"),
        Event("pulse", "7 requests/s", {}), Event("done", "judge", {}), Event("done", "next", {}),
    ]  # fmt: skip
    assert [one.text for event in events for one in verdicts.worth(event)] == [
        "judge", "1 of 9", "shares", "8 of 9", "9 of 9", "judge", "next"
    ]  # fmt: skip
