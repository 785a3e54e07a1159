"""A key of age in the environment, and nothing of the person who runs the tests."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from fairlead.masking import known

VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    known.forget()


@pytest.fixture
def identity():
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def me(identity):
    return str(identity.to_public())


@pytest.fixture
def environ(tmp_path, identity):
    """What a user has who keeps the key as sops does."""
    return {"HOME": str(tmp_path / "home"), "SOPS_AGE_KEY": str(identity)}
