"""What the server runs from, laid out for a container."""

import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.static import parts
from fairlead.static.parts import VARIABLES, identity, loader_of


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    done = subprocess.run(
        [sys.executable, "-B", "-m", "fairlead.static", "copy", folder], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_it_runs_from_nothing_else(root):
    """Its own loader, libraries and modules; only the kernel is the machine's."""
    loader = root / loader_of(Path(sys.executable).resolve()).lstrip("/")
    inside = {name: value.replace("/fairlead", f"{root}/fairlead") for name, value in VARIABLES.items()}
    asked = "import sys, waitress, fairlead.static.site; print(open('/proc/self/maps').read())"
    done = subprocess.run(
        [loader, root / "fairlead" / "bin" / "python3", "-c", asked],
        env=inside, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    rows = [row.split(maxsplit=5) for row in done.stdout.splitlines()]
    mapped = {row[5] for row in rows if len(row) == 6 and row[5].startswith("/") and ".so" in row[5]}
    assert mapped and [name for name in mapped if not name.startswith(str(root.resolve()))] == []


def test_nothing_that_leads_out_of_it(root):
    for path in root.rglob("*"):
        assert path.resolve().is_relative_to(root.resolve()) and path.exists()


def test_the_loader_of_what_is_no_program(tmp_path):
    (tmp_path / "a").write_text("#!/bin/sh\n")
    assert loader_of(tmp_path / "a") == ""


def test_another_library_makes_another_server(tmp_path, monkeypatch):
    """Also one of the same name and version: a distribution mends them so."""
    library = tmp_path / "libz.so.1"
    monkeypatch.setattr(parts, "_loaded", lambda: iter([library]))
    found = set()
    for text in ("as it came", "mended", "as it came"):
        library.write_text(text)
        found.add(identity())
    assert len(found) == 2


def test_a_library_that_was_replaced_is_not_left_out(tmp_path, monkeypatch):
    rows = f"7f-8f r-xp 00000000 00:00 1    {tmp_path}/libssl.so.3 (deleted)\n"
    (tmp_path / "maps").write_text(rows)
    monkeypatch.setattr(parts, "_MAPS", tmp_path / "maps")
    with pytest.raises(FileNotFoundError):
        identity()
