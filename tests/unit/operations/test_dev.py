"""`fairlead dev` beside deployments, and what it does not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.artifacts import ArtifactStore
from fairlead.operations.dev import Dev
from fairlead.operations.environment import sweep
from fairlead.project.project import parse_project
from fairlead.system.home import Place

TEXT = """\
name: shop
services:
  web: {source: ., prepare: {run: [mkdir bin, cp /bin/sleep bin/sleep]}, command: bin/sleep 600, image: nginx}
  proxy: {image: nginx}
environments:
  local: {runtime: process, services: {proxy: null}}
  box: {runtime: docker}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "text").write_text("x")
    return tmp_path / "shop"


def test_what_was_built_for_it_stays_as_long_as_it_runs(folder: Path) -> None:
    """No release names it, and a deployment from another terminal removes what none names."""
    project = parse_project(TEXT, folder)
    place = Place.of("shop", "local")
    store = ArtifactStore(place.artifacts)
    dev = Dev(project, project.stack("local"), lambda service, line: None)
    try:
        dev.begin()
        place.root.mkdir(exist_ok=True)
        sweep(place, store, print)
        assert len(store.all()) == 1
        [running] = dev.services
        assert running.child and running.child.code() is None
    finally:
        dev.close(0.1)
    sweep(place, store, print)
    assert store.all() == set()


def test_an_image_that_knows_how_it_starts_is_left_out_and_that_is_said(folder: Path) -> None:
    project = parse_project(TEXT, folder)
    said: list[str] = []
    dev = Dev(project, project.stack("box"), lambda service, line: said.append(line))
    try:
        dev.begin()
    finally:
        dev.close(0.1)
    assert "proxy is not run here: its image knows how it starts" in said
