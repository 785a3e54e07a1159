"""Is there room for what a backup becomes?"""

import shutil
from types import SimpleNamespace

import pytest

from fairlead.errors import Refused
from fairlead.operations.backups.space import SPARE, needed, require_space


def test_what_is_needed_is_what_it_was_and_a_little_more():
    assert needed({"shop": {"size": 1000}, "crm": {"size": 500}}, ["shop", "crm"]) == 1650
    assert needed({"shop": {"size": 1000}, "crm": {}}, ["shop", "crm"]) == 0, "one of before does not say"


def test_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=SPARE + 1000))
    require_space(tmp_path / "not" / "there yet", 1000, "a copy")
    require_space(None, 10**15, "a copy")
    require_space(tmp_path, 0, "a copy")
    with pytest.raises(Refused, match="a copy takes about"):
        require_space(tmp_path, 1001, "a copy")
