"""A process runtime of its own for each test."""

import pytest
from instances import end_everything

from fairlead.runtimes.process.runtime import ProcessRuntime


@pytest.fixture
def runtime(place):
    """Up, and gone after the test."""
    runtime = ProcessRuntime(place)
    runtime.up()
    yield runtime
    end_everything(runtime)
