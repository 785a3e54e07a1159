"""The image of a folder of files: what is in it, and where it cannot be made."""

import io
import platform
import sys
import tarfile

import pytest

from fairlead.artifacts import site_image
from fairlead.artifacts.site_image import SITE, SiteContext, require_own, served
from fairlead.engine.engine import MACHINES
from fairlead.errors import FairleadError, Refused
from fairlead.project.stack import Build
from fairlead.system.commands import Command

BUILD = Build("web", static="dist")
HERE = f"linux/{MACHINES.get(platform.machine(), platform.machine())}"


@pytest.fixture
def tree(tmp_path):
    dist = tmp_path / "tree" / "dist"
    (dist / "docs").mkdir(parents=True)
    (dist / "index.html").write_text("home")
    (dist / "docs" / "index.html").write_text("docs")
    (dist / "inside").symlink_to("docs/index.html")
    (tmp_path / "tree" / "outside").write_text("secret")
    (dist / "out").symlink_to("../outside")
    (dist / "absolute").symlink_to("/etc/passwd")
    return tmp_path / "tree"


def context(tree, folder="dist", prepared="a" * 64):
    return SiteContext("web", folder, prepared, lambda say: tree)


def test_links_that_lead_out_are_no_part_of_it(tree):
    assert [one.path for one in served(tree / "dist")] == ["docs/index.html", "index.html", "inside"]


def test_what_is_in_the_archive(tree, monkeypatch):
    made = "import pathlib, sys; pathlib.Path(sys.argv[1], 'program').touch(0o755)"
    monkeypatch.setattr(site_image, "_laying_out", lambda folder: Command((sys.executable, "-c", made, folder)))
    file = io.BytesIO()
    context(tree).write(file, 7.0, lambda line: None)
    with tarfile.open(fileobj=file) as archive:
        found = {one.name: one for one in archive}
    below = f"{SITE}/dist"
    assert set(found) == {
        "Dockerfile", "server/program", f"{below}/index.html", f"{below}/docs/index.html", f"{below}/inside",
    }  # fmt: skip
    assert found[f"{below}/inside"].linkname == "docs/index.html"
    assert (found[f"{below}/index.html"].mtime, found["server/program"].mtime) == (7, 1)
    assert (found["server/program"].mode, found[f"{below}/index.html"].mode) == (0o755, 0o644)


def test_the_same_files_are_the_same_image(tree):
    assert context(tree).digest(BUILD, {}, HERE) == context(tree).digest(BUILD, {}, HERE)
    others = [context(tree, prepared="b" * 64), context(tree, folder="out")]
    digests = {one.digest(BUILD, {}, HERE) for one in (context(tree), *others)}
    assert len(digests | {context(tree).digest(BUILD, {}, "linux/other")}) == 4


def test_a_folder_that_prepare_does_not_make(tree):
    with pytest.raises(FairleadError, match="web: static: there is no folder build in its source"):
        context(tree, "build").write(io.BytesIO(), None, lambda line: None)


def test_another_platform(tree):
    require_own("web", HERE)
    with pytest.raises(Refused, match=r"a copy of this machine's Python, for .*, and it is to run on linux/s390x"):
        require_own("web", "linux/s390x")


def test_no_linux_and_nothing_installed(monkeypatch):
    monkeypatch.setattr(site_image, "PACKAGES", ("waitress", "no_such_package"))
    with pytest.raises(Refused, match="web: no_such_package is not installed"):
        require_own("web", HERE)
    monkeypatch.setattr(site_image.sys, "platform", "darwin")
    with pytest.raises(Refused, match="this is no Linux"):
        require_own("web", HERE)
