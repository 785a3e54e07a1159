"""What a deployment says of the requests that it met."""

from fairlead.cli.outcome import loss_line
from fairlead.edges.base import Traffic
from fairlead.operations.transition import loss_report, report_line


def test_it_counts_from_the_first_look_to_the_last():
    first = Traffic({"r1": {200: 90, 500: 1}}, 2, 1000.0)
    last = Traffic({"r1": {200: 100, 500: 2}, "r2": {200: 7}, "": {502: 1}}, 3, 1000.0)
    assert loss_report(first, last, ("r2", "r1")) == {
        "requests": 19, "by_release": {"r2": 7, "r1": 11}, "lost": 1, "application_errors": 1, "counted_whole": True,
    }  # fmt: skip


def test_an_edge_that_was_started_anew_is_said():
    """It began at zero: "0 lost" would be a lie about the time when there was none."""
    report = loss_report(Traffic({"r1": {200: 90}}, 0, 1000.0), Traffic({"r1": {200: 4}}, 0, 1010.0), ("r1",))
    assert report["requests"] == 4 and not report["counted_whole"]
    for line in (report_line(report), loss_line(report)):
        assert line.endswith("; the edge was started anew, and counts from then"), line


def test_a_clock_that_was_set_does_not_make_another_edge():
    """Its start is told by the machine's clock, and what it counted before is none of this deployment's."""
    first, last = (Traffic({"r1": {200: n, 502: 5}}, 5, since, 0, "7 100") for n, since in ((90, 1000.0), (99, 400.0)))
    report = loss_report(first, last, ("r1",))
    assert (report["requests"], report["lost"], report["counted_whole"]) == (9, 0, True)


def test_the_first_deployment_of_all_has_an_edge_from_then_on():
    report = loss_report(Traffic(), Traffic({"r1": {200: 4}}, 0, 1010.0), ("r1",))
    assert report["counted_whole"] and report_line(report) == "4 requests, 0 lost, 0 application errors"
