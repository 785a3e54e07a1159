"""Which files make a release: git itself is the judge."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead.artifacts.source import list_files, scan
from fairlead.errors import FairleadError, UsageError

Make = Callable[[Path, dict[str, str]], Path]
Git = Callable[..., bytes]


def names(source: Path) -> list[str]:
    return [file.path for file in scan(source).files]


def git_names(git: Git, folder: Path) -> list[str]:
    """What git would take, by its own word."""
    listed = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", ".")
    return [os.fsdecode(name) for name in sorted(listed.split(b"\0")) if name]


NAMES = ["a", "b", "c.log", "d.txt", "keep", "build", "x y", "\u00fc", "a.log"]
pieces = st.sampled_from(
    [
        "a",
        "b",
        "*",
        "?",
        "**",
        "*.log",
        "keep",
        "build",
        "[ab]",
        "[!a]",
        "\u00fc",
        "[\u00fc]",
        "??",
        "c.log",
        "d*",
        "*e*",
        "x y",
        "a.*",
    ]
)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    body = "/".join(draw(st.lists(pieces, min_size=1, max_size=3)))
    return (
        draw(st.sampled_from(["", "", "!"]))
        + draw(st.sampled_from(["", "", "/"]))
        + body
        + draw(st.sampled_from(["", "/"]))
    )


ignore_files = st.lists(patterns(), max_size=5).map(lambda lines: "\n".join(lines) + "\n")
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)


def plant(root: Path, files: list[str], ignores: dict[str, str]) -> None:
    """Write what fits; a name cannot be a file and a folder at once."""
    for name in files:
        path = root / name
        if not path.exists() and not any(part.is_file() for part in path.parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
    for folder, text in ignores.items():
        if (root / folder).is_dir():
            (root / folder / ".gitignore").write_text(text)


@settings(
    max_examples=int(os.environ.get("FAIRLEAD_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    files=st.lists(paths, min_size=1, max_size=14),
    ignores=st.dictionaries(
        st.sampled_from(["", "a", "b", "a/b", "keep", "build", "a/keep"]), ignore_files, max_size=3
    ),
    inner=st.sampled_from(["", "", "a", "a/b"]),
)
def test_the_files_are_the_ones_git_takes(
    tmp_path: Path, git: Git, files: list[str], ignores: dict[str, str], inner: str
) -> None:
    root = tmp_path / "repository"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    git(root, "init", "-q")
    plant(root, files, ignores)
    source = root / inner
    if not source.is_dir() or (inner and not git_names(git, source)):
        return  # git takes nothing from a folder that is itself left out; a named source is wanted all the same
    try:
        found = names(source)
    except UsageError:
        found = []
    assert found == git_names(git, source)


@pytest.mark.parametrize(
    "lines",
    [
        ["*.log", "!keep.log"],
        ["dir/", "!dir/keep"],
        ["dir/*", "!dir/keep"],
        ["/*", "!/dir", "/dir/*", "!/dir/keep"],
        ["*", "!*/", "!*.txt"],
        ["dir/**/", "!other"],
        ["**/deep/x.log", "a/**/b"],
        [r"\#name", r"\!name", "trail\\ ", "blank   ", " lead", "tab\t", "voil\u00e0"],
        ["# comment", "", "   ", "!", "/", "back\\"],
        ["[[:digit:]]*", "[a-c].txt", "[!x]y"],
        ["crlf\r", "dir/keep\r"],
        ["d*r/x", "*/x.log", "***", "!**"],
    ],
)
def test_patterns_of_the_manual(tmp_path: Path, make: Make, git: Git, lines: list[str]) -> None:
    files = [
        "keep.log", "x.log", "dir/keep", "dir/other", "dir/sub/x.txt", "dir/x", "deep/x.log", "a/deep/x.log", "a/b",
        "a/z/b", "#name", "!name", "trail ", "blank", "back\\", "1st", "b.txt", "xy", "zy", "crlf",
        " lead", "lead", "tab", "tab\t", "voil\u00e0",
    ]  # fmt: skip
    root = make(tmp_path / "r", dict.fromkeys(files, "x"))
    git(root, "init", "-q")
    (root / ".gitignore").write_bytes(b"\xef\xbb\xbf" + "\n".join(lines).encode())
    try:
        found = names(root)
    except UsageError:
        found = []
    assert found == git_names(git, root)


def test_git_itself_is_left_out_and_nested_repositories_count(tmp_path: Path, make: Make) -> None:
    root = make(tmp_path / "r", {"x": "1", ".git/HEAD": "", "sub/.git": "gitdir: elsewhere", "sub/y": "2"})
    assert names(root) == ["sub/y", "x"]


def test_fairleadignore_has_the_last_word(tmp_path: Path, make: Make) -> None:
    files = {".gitignore": "dist/\n*.md\n", ".fairleadignore": "!dist/\ntests/\n", "dist/app.js": "", "tests/t.py": ""}
    root = make(tmp_path / "r", files | {"main.py": "", "sub/.fairleadignore": "*", "readme.md": ""})
    assert names(root) == [".fairleadignore", ".gitignore", "dist/app.js", "main.py", "sub/.fairleadignore"]


def test_a_source_inside_a_repository_obeys_the_folders_above(tmp_path: Path, make: Make, git: Git) -> None:
    root = make(
        tmp_path / "r", {".gitignore": "*.log\n/app/secret\n", "app/x.log": "", "app/secret": "", "app/main": ""}
    )
    git(root, "init", "-q")
    assert names(root / "app") == ["main"]
    shutil.rmtree(root / ".git")
    assert names(root / "app") == ["main", "secret", "x.log"]


def test_an_ignored_folder_may_be_named_as_the_source(tmp_path: Path, make: Make, git: Git) -> None:
    root = make(tmp_path / "r", {".gitignore": "dist/\n", "dist/app.js": "", "dist/sub/x": ""})
    git(root, "init", "-q")
    assert names(root / "dist") == ["app.js", "sub/x"]


def test_the_digest_is_of_names_modes_and_content(tmp_path: Path, make: Make) -> None:
    files = {"a": "1", "b/c": "2", "link": "->b/c"}
    first, second = make(tmp_path / "1", files), make(tmp_path / "2", dict(reversed(files.items())))
    os.utime(second / "a", (0, 0))
    before = scan(first).digest
    assert before == scan(second).digest
    assert len(before) == 64
    (first / "empty").mkdir()
    assert scan(first).digest == before

    def change(act: Callable[[], object]) -> str:
        shutil.rmtree(second)
        make(second, files)
        act()
        return scan(second).digest

    digests = {
        change(lambda: (second / "a").write_text("!")),
        change(lambda: (second / "a").chmod(0o755)),
        change(lambda: (second / "a").rename(second / "aa")),
        change((second / "a").unlink),
        change(lambda: (second / "new").write_text("")),
        change(lambda: [(second / "link").unlink(), (second / "link").symlink_to("a")]),
        change(lambda: [(second / "link").unlink(), (second / "link").write_text("b/c")]),
    }
    assert len(digests) == 7
    assert before not in digests


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../outside", "sub/../../outside", "out/../../outside", "/absolute/inside"]
)
def test_a_link_that_leads_outside_is_an_error(tmp_path: Path, make: Make, target: str) -> None:
    root = make(tmp_path / "r", {"sub/x": "", "out": "->sub"})
    if target == "/absolute/inside":
        target = str(root / "sub")
    (root / "sub" / "link").symlink_to("../" + target if not target.startswith("/") else target)
    with pytest.raises(FairleadError, match="leads outside") as caught:
        scan(root)
    assert str(root / "sub" / "link") in caught.value.message
    (root / ".fairleadignore").write_text("link\n")
    assert "sub/link" not in names(root)


def test_links_inside_stay_links(tmp_path: Path, make: Make) -> None:
    root = make(
        tmp_path / "r",
        {"sub/x": "", "to-file": "->sub/x", "to-folder": "->sub", "sub/up": "->../to-file", "gone": "->no"},
    )
    kinds = {file.path: (file.kind, file.content) for file in scan(root).files if file.kind == "link"}
    assert kinds == {
        "to-file": ("link", "sub/x"),
        "to-folder": ("link", "sub"),
        "sub/up": ("link", "../to-file"),
        "gone": ("link", "no"),
    }


def test_sockets_and_pipes_are_errors(tmp_path: Path, make: Make) -> None:
    root = make(tmp_path / "r", {"x": ""})
    os.mkfifo(root / "pipe")
    with pytest.raises(FairleadError, match="pipe: a pipe cannot be part"):
        scan(root)
    (root / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "s"))
        with pytest.raises(FairleadError, match="a socket cannot be part"):
            scan(root)


def test_sources_that_are_none(tmp_path: Path, make: Make) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        scan(tmp_path / "missing")
    root = make(tmp_path / "r", {".gitignore": "*\n", "x": ""})
    with pytest.raises(UsageError, match="no files that are not ignored"):
        scan(root)


def test_names_that_are_not_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\xfe")).write_text("x")
    (tmp_path / "new\nline").write_text("x")
    tree = scan(tmp_path)
    assert len(tree.files) == 2
    assert tree.digest == scan(tmp_path).digest


def test_listing_takes_everything(tmp_path: Path, make: Make) -> None:
    root = make(tmp_path / "r", {".gitignore": "*\n", "a/b": "", "out": "->/etc"})
    assert [file.path for file in list_files(root)] == [".gitignore", "a/b", "out"]
