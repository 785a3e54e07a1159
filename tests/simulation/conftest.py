"""Which seeds are drawn: half of them, the halves taking turns by commit, and all of them in the long run."""

import pytest

from tests.schedule import rotated


@pytest.fixture(params=["half", pytest.param("all", marks=pytest.mark.long(seconds=5))])
def seeds(request):
    """`seeds(16)`: of so many those of this commit; four that follow each other stay together, as `looks` has them."""
    turn = int(rotated("01")[0])

    def seeds(count):
        return [seed for seed in range(count) if request.param == "all" or seed // 4 % 2 == turn]

    return seeds
