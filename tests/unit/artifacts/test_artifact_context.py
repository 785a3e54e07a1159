"""What an image is built from."""

import io
import tarfile

import pytest

from fairlead.artifacts.context import read_context
from fairlead.errors import FairleadError, UsageError
from fairlead.project.stack import Build

BUILD = Build("app")


@pytest.fixture
def app(tmp_path):
    folder = tmp_path / "app"
    (folder / "docs").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "main.py").write_text("1")
    (folder / "run.sh").write_text("1")
    (folder / "run.sh").chmod(0o700)
    (folder / "main.py").chmod(0o600)
    (folder / "docs" / "a.md").write_text("1")
    (folder / "docs" / "keep.md").write_text("1")
    (folder / "link").symlink_to("/outside/of/it")
    return folder


def names(root, build=BUILD):
    return sorted(file.path for file in read_context(root, build).files)


def digest(root, build=BUILD, **more):
    return read_context(root, build).digest(build, more.get("args", {}), more.get("platform"))


def test_which_files_there_are(app):
    everything = ["Dockerfile", "docs/a.md", "docs/keep.md", "link", "main.py", "run.sh"]
    (app / ".git").mkdir()
    (app / ".git" / "HEAD").write_text("1")
    assert names(app.parent) == everything
    (app / ".dockerignore").write_text("\ufeff# nothing\n\n*\n!docs\ndocs/a.md\n!.git\n")
    assert names(app.parent) == [".dockerignore", ".git/HEAD", "Dockerfile", "docs/keep.md"]
    (app / "Dockerfile.dockerignore").write_text("**/*.md\n*ignore\n")  # BuildKit reads that one before
    assert names(app.parent) == [".dockerignore", "Dockerfile", "link", "main.py", "run.sh"]


def test_what_decides_is_in_the_hash(app):
    root, first = app.parent, digest(app.parent)
    assert digest(root) == first
    assert len({first, digest(root, args={"A": "1"}), digest(root, platform="linux/arm64")}) == 3
    assert digest(root, Build("app", target="x")) != first != digest(root, Build("app", secrets=("A",)))
    (app / "main.py").touch()
    (app / "main.py").chmod(0o640)
    assert digest(root) == first  # neither time nor umask
    (app / "main.py").chmod(0o755)
    assert digest(root) != first
    (app / "main.py").chmod(0o644)
    (app / "new").mkdir()
    assert digest(root) != first  # an empty folder is in the image


def test_the_archive_is_the_same_everywhere(app):
    written = [io.BytesIO(), io.BytesIO()]
    for file in written:
        (app / "main.py").touch()
        read_context(app.parent, BUILD).write(file, 1000.0)
    assert written[0].getvalue() == written[1].getvalue()
    with tarfile.open(fileobj=written[0]) as archive:
        found = {one.name: one for one in archive}
    assert {(one.uid, one.gid, one.mtime) for one in found.values()} == {(0, 0, 1000)}
    assert (found["main.py"].mode, found["run.sh"].mode, found["docs"].mode) == (0o644, 0o755, 0o755)
    assert found["link"].linkname == "/outside/of/it"


def test_a_file_that_changes_meanwhile(app):
    context = read_context(app.parent, BUILD)
    (app / "main.py").write_text("22")
    with pytest.raises(FairleadError, match=r"main\.py: the file changed while the image was being built"):
        context.write(io.BytesIO(), None)


def test_nothing_to_build_from(app):
    with pytest.raises(UsageError, match="the context is not a folder"):
        read_context(app.parent, Build("nowhere"))
    with pytest.raises(UsageError, match="there is no such file to build from"):
        read_context(app.parent, Build("app", dockerfile="other/Dockerfile"))
