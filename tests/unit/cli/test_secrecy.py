"""Nothing that the command line says or writes shows a value that it knows; one door is for those who ask for one."""

import json
import os

import pytest

from fairlead.cli.crash import write_report
from fairlead.cli.progress.base import JsonLines, Lines
from fairlead.cli.session import Session, say, tell
from fairlead.errors import ConfigurationError, FairleadError, Finding, Waiting
from fairlead.masking import Secret
from fairlead.rollout.events import Event
from fairlead.system.forks import fork

VALUE = "Fq7_wheel-house"
ERRORS = {
    "plain": FairleadError(f"no login with {VALUE}", f"try {VALUE}"),
    "findings": ConfigurationError([Finding("fairlead.yaml", 1, 2, "x", f"{VALUE} is no url")], VALUE),
    "waiting": Waiting(f"for {VALUE}", facts={"why": [VALUE]}),
}


@pytest.fixture(autouse=True)
def known():
    Secret(VALUE)


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("session", [Session(), Session(json=True), Session(json=True, stream=True)], ids=str)
def test_errors(capsys, error, session):
    session.fail(error)
    said = capsys.readouterr()
    assert VALUE not in said.out + said.err
    assert "********" in said.err
    assert not session.json or json.loads(said.out)["ok"] is False


def test_results_and_lines(capsys):
    for session in (Session(), Session(json=True)):
        session.answer({"deep": [{"value": VALUE}]}, f"value {VALUE}")
    say(VALUE)
    tell(VALUE)
    said = capsys.readouterr()
    assert VALUE not in said.out + said.err
    assert (said.out + said.err).count("********") == 4


def test_who_asks_for_a_value_gets_it(capsys):
    Session().hand_over({"value": VALUE}, VALUE)
    Session(json=True).hand_over({"value": VALUE}, VALUE)
    text, _, document = capsys.readouterr().out.partition("\n")
    assert text == json.loads(document)["value"] == VALUE


@pytest.mark.parametrize("show", [Lines(), JsonLines()], ids=["lines", "json"])
def test_events(capsys, show):
    event = Event("failed", f"it said {VALUE}", {"reason": f"because of {VALUE}"})
    show(event)
    said = capsys.readouterr()
    assert VALUE not in said.out + said.err + repr(event)
    assert "it said ********" in said.out + said.err


def test_crash_reports(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path))
    try:
        raise RuntimeError(f"unexpected {VALUE}") from ValueError(VALUE)
    except RuntimeError as error:
        report = write_report(error)
    text = report.read_text()
    assert "RuntimeError: unexpected ********" in text
    assert VALUE not in text
    assert report.stat().st_mode & 0o777 == 0o600


def test_the_traceback_of_a_fork(capfd):
    def work():
        raise RuntimeError(VALUE)

    reading, writing = os.pipe()
    assert fork(work).answer(reading) == ""
    os.close(writing)
    os.close(reading)
    said = capfd.readouterr().err
    assert "RuntimeError: ********" in said
    assert VALUE not in said
