"""Recordings: what was judged can be read again, and what is no recording is refused with its line."""

import json

import pytest

from fairlead.errors import FairleadError
from fairlead.project.stack import Judge, Smoke
from fairlead.rollout.evidence import recording
from fairlead.rollout.evidence.recording import Recording, Subject, read
from fairlead.rollout.verdict.evidence import History, Probes, Side, Tick

SUBJECT = Subject(7, "new", "old", "canary", Judge(probes=(Smoke("/"),)), History({"web": Side(10, 1)}, 60.0))
TICKS = [
    Tick(1.0, 5.0, {"web": Side(3, 1, 2, ((0.1, 1), (0.3, 1)))}, {"web": Side(60)}),
    Tick(1.0, 5.0, probes=Probes(2, 1, 0, 1, "/ answered 500"), trouble="the edge does not answer", reloaded=True),
]


def recorded(folder):
    made = Recording(folder, SUBJECT)
    for tick in TICKS:
        made.add(tick)
    return made.path


def test_what_was_recorded_is_read_again(tmp_path):
    subject, ticks = read(recorded(tmp_path / "evidence"))
    assert (subject, list(ticks)) == (SUBJECT, TICKS)


def test_a_second_step_goes_on_with_the_same_recording(tmp_path):
    recorded(tmp_path)
    subject, ticks = read(recorded(tmp_path))
    assert (subject, list(ticks)) == (SUBJECT, TICKS * 2)


def test_without_a_folder_nothing_is_written():
    made = Recording(None, SUBJECT)
    made.add(TICKS[0])
    assert made.path is None


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    Recording(file / "below", SUBJECT).add(TICKS[0])


def test_only_the_newest_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "KEPT", 3)
    for number in range(6):
        Recording(tmp_path, Subject(number, "new", "old", "canary", Judge(), History()))
    assert len(list(tmp_path.glob("*.jsonl"))) == 3


def test_one_that_grows_too_large_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "LARGEST", 2000)
    made = Recording(tmp_path, SUBJECT)
    for _ in range(50):
        made.add(TICKS[0])
    assert made.path.stat().st_size < 3000


@pytest.mark.parametrize(
    "text,message",
    [
        ("", ": is empty"),
        ("no json\n", ":1: is not a subject"),
        ("[1]\n", ":1: is not a subject"),
        ('{"rollout": 1}\n', ":1: is not a subject"),
        (json.dumps({**SUBJECT.to_data(), "mode": "guess"}), ':1: mode: expected canary, watch, shadow, got "guess"'),
        (json.dumps(SUBJECT.to_data()) + "\n{}\n", ":2: is not a tick"),
        (json.dumps(SUBJECT.to_data()) + '\n{"seconds": 1}\n{"sec', ":3: is not a tick"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "recording.jsonl"
    path.write_text(text)
    with pytest.raises(FairleadError) as error:
        read(path)
    assert f"{path}{message}" in error.value.message


def test_a_recording_that_is_not_there(tmp_path):
    with pytest.raises(FairleadError, match="cannot be read"):
        read(tmp_path / "nothing")
