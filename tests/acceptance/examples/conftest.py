"""An example in a folder of its own; whatever runs for it is ended after the test."""

import pytest
from example_projects import Example
from tests.sandboxes import Sandbox


@pytest.fixture
def example(tmp_path):
    """`example("datasette", 8081)`: the example of that name, whose file names that port."""
    sandboxes = []

    def example(name, port):
        sandboxes.append(Sandbox(tmp_path / "sandbox", name))
        return Example(sandboxes[-1], name, port)

    yield example
    for sandbox in sandboxes:
        left = sandbox.close()
        assert left == 0, "`fairlead stop` left processes behind"
