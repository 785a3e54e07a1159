"""Folders in memory for ledgers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.fake_worlds import Folders, memory


@pytest.fixture
def folders() -> Iterator[Folders]:
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        yield Folders(Path(folder))
