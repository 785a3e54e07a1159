"""What the marks of programs are worth once the machine was started anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fairlead.supervisor.boots import forget_other_boots
from fairlead.supervisor.survivors import last_started, read_starts
from fairlead.system import processes
from fairlead.system.home import Place

EARLIER = "# 3 earlier; PID START, a line per start\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Somebody has the number and the start time that an instance, and the edge, had before."""
    place = Place(tmp_path / "shop" / "local")
    place.create()
    me = processes.look(os.getpid())
    for folder in (place.edge, place.instances / "r1.web.1"):
        folder.mkdir(exist_ok=True)
        (folder / "starts").write_text(f"{EARLIER}17 4\n{me.mark if me else ''}\n")
    return place


def test_who_has_the_number_of_an_instance_after_a_reboot_is_none(place: Place) -> None:
    (place.supervisor / "boot").write_text("another start of the machine")
    forget_other_boots(place)
    for starts in (place.edge / "starts", place.instances / "r1.web.1" / "starts"):
        assert last_started(starts) is None and len(read_starts(starts)) == 5


def test_what_was_started_since_is_known(place: Place) -> None:
    """And what an earlier Fairlead has started, which did not say since when."""
    for _ in range(2):
        forget_other_boots(place)
        assert last_started(place.edge / "starts") is not None
