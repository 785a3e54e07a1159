"""A project of the sample applications for each test; whatever runs for it is ended after it."""

import pytest
from load_projects import Shop
from tests.sandboxes import Sandbox


@pytest.fixture
def shop(tmp_path, monkeypatch, need):
    """`shop(app="node", strategy="canary", …) -> Shop`, one for each test."""
    sandboxes = []

    def shop(**given):
        if given.get("app") == "node":
            need("node")
        sandboxes.append(Sandbox(tmp_path / f"sandbox{len(sandboxes)}", "shop"))
        monkeypatch.setenv("FAIRLEAD_HOME", str(sandboxes[-1].home))
        return Shop(sandboxes[-1], **given)

    yield shop
    for sandbox in sandboxes:
        sandbox.close()
