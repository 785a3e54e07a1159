"""What a person is told who interrupts a command."""

from __future__ import annotations

import os
import signal

import pytest

from fairlead.cli.outcome import simple
from fairlead.cli.session import Session
from fairlead.errors import Interrupted


def test_nobody_is_told_that_a_stop_is_taken_back(capfd: pytest.CaptureFixture[str]) -> None:
    """It is not: what has ended stays so, and nobody ends the rest."""

    def act(emit: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()

    with pytest.raises(Interrupted) as caught:
        simple(Session(), "stopping local", act, "`fairlead stop local` ends the rest")
    assert "nothing is taken back" in capfd.readouterr().err
    assert (caught.value.message, caught.value.hint) == (
        "interrupted: it is half done",
        "`fairlead stop local` ends the rest",
    )
