"""The guide on environments: its project, its commands, and what they print."""

import os
import re
import sys
from pathlib import Path

import pytest
from tests import warm

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "environments.md"
FAIRLEAD = Path(sys.executable).with_name("fairlead")
TEXT = PAGE.read_text("utf-8").partition("## Variables")[2]
PROJECT = re.search(r"^```yaml\n(.*?)^```$", TEXT, re.M | re.S)
SHOWN = re.findall(r"^```console\n\$ (fairlead env [^\n]*)\n(.*?)^```$", TEXT, re.M | re.S)


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "fairlead.yaml").write_text(PROJECT[1])
    return tmp_path


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_what_the_guide_shows_is_printed(shop, command, output):
    env = os.environ | {"NO_COLOR": "1"}
    done = warm.as_text(warm.fairlead.run([FAIRLEAD, *command.split()[1:]], cwd=shop, env=env))
    assert done.stdout == output, done.stderr


def test_the_guide_shows_something():
    assert len(SHOWN) == 4
