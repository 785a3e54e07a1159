"""A project of the sample applications for each test; whatever runs for it is ended after it."""

import os
import shutil

import pytest
from load_projects import Shop

from fairlead.demo.sandbox import Sandbox


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """`shop(app="node", strategy="canary", …) -> Shop`, one for each test."""
    sandboxes = []

    def shop(**given):
        if given.get("app") == "node" and not shutil.which("node"):
            if os.environ.get("CI"):
                pytest.fail("node is missing")
            pytest.skip("node is missing")
        sandboxes.append(Sandbox(tmp_path / f"sandbox{len(sandboxes)}", "shop"))
        monkeypatch.setenv("FAIRLEAD_HOME", str(sandboxes[-1].home))
        return Shop(sandboxes[-1], **given)

    yield shop
    for sandbox in sandboxes:
        sandbox.close()
