"""A log in segments of another size has names that mean other positions."""

import pytest

from fairlead.backups.physical.segments import require_usual
from fairlead.errors import Refused


class Answering:
    """A session in which each question has this answer."""

    def __init__(self, answer):
        self.answer = answer

    def execute(self, statement, values):
        return self

    def fetchone(self):
        return (self.answer,)


def test_only_the_usual_size_is_kept():
    require_usual(Answering(16 << 20))
    with pytest.raises(Refused, match="in segments of 64 MB, and only those of 16 MB are kept"):
        require_usual(Answering(64 << 20))
