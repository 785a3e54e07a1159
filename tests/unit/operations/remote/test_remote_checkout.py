"""A checkout is the folder it was made of, as far as a release is concerned, and only what is new is sent."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.artifacts import scan
from fairlead.errors import UsageError
from fairlead.hosts.wire import Malformed
from fairlead.operations.remote import checkout
from fairlead.operations.remote.archive import pack
from fairlead.operations.remote.checkout import KEPT, Checkout, Checkouts
from fairlead.operations.remote.gather import gather
from fairlead.operations.remote.manifest import Manifest, from_data
from fairlead.project.loader import load_project
from fairlead.system.home import Place

FILE = """\
name: shop
secrets: {KEY: {}}
services:
  web: {source: ./web, command: run}
  api: {source: ., command: run, secrets: [KEY]}
templates: [{from: t/a.template, to: a.json}]
stores: {db: {kind: postgres, url: "postgres://x", databases: {shop: {migrations: db/shop}}}}
environments: {local: {host: ssh://a@b}, next: {host: ssh://a@b}}
"""
FILES = {
    ".gitignore": "*.log\n/build/\n.env.*\nsecrets/plain\nweb/local\n",
    ".fairleadignore": "!keep.log\nfairlead.yaml\n",
    "web/.gitignore": "cache/\n!important.log\n",
    "web/.fairleadignore": "*.tmp\n",
    "web/main.py": "print()\n", "web/cache/x": "x", "web/a.log": "x", "web/important.log": "x", "web/b.tmp": "x",
    "web/local": "x", "web/deep/er/z.py": "z", "main.py": "print()\n", "keep.log": "x", "lose.log": "x",
    "build/out": "x", ".env.local": "A=1\n", ".env.next": "A=2\n", "t/a.template": "{}",
    "db/shop/V1__a.sql": "select 1",
    "secrets/local.yaml": "sops: x\n", "secrets/plain": "x",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "repo" / "shop"
    for name, content in (FILES | {"fairlead.yaml": FILE}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    (root / "web" / "main.py").chmod(0o755)
    (root / "web" / "deep" / "link").symlink_to("er/z.py")
    (root / "main.py").chmod(0o600)
    return root


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "home" / "shop" / "local")
    found.remote.mkdir(parents=True)
    return found


def sent(folder: Path, place: Place, newer: bool = True) -> tuple[Checkout, set[str]]:
    """As client and server do it; the checkout, and which files were sent."""
    base, manifest = gather(load_project(folder / "fairlead.yaml"), ["local"])
    manifest = from_data(manifest.to_data())  # it passes its own checks
    checkouts = Checkouts(place)
    changed = checkouts.newer(manifest) if newer else {}
    checkout = checkouts.begin(manifest)
    wanted, blocks = set(checkout.wanted), []
    pack(base, checkout.wanted.values(), blocks.append)
    checkout.receive(iter([one for one in blocks if one]))
    checkout.finish(changed)
    return checkout, wanted


def modes(root: Path) -> Iterator[tuple[str, int]]:
    for file in scan(root).files:
        yield file.path, stat.S_IMODE((root / file.path).lstat().st_mode)


@pytest.mark.parametrize("git", ["above", "here", "none", "in a source"])
def test_the_host_comes_to_the_same_hashes(folder: Path, place: Place, git: str) -> None:
    if git == "above":
        (folder.parent / ".gitignore").write_text("important.log\nmain.py\n")
        (folder.parent / ".git").mkdir()
    if git in ("here", "in a source"):
        (folder / ".git").mkdir()
    if git == "in a source":
        (folder / "web" / ".git").write_text("gitdir: elsewhere\n")
    checkout, _ = sent(folder, place)
    for source in (".", "web"):
        assert scan(checkout.root / source).digest == scan(folder / source).digest, source
        assert dict(modes(checkout.root / source)) == dict(modes(folder / source))
    there = {path.relative_to(checkout.root).as_posix() for path in checkout.root.rglob("*") if path.is_file()}
    assert {".env.local", "t/a.template", "db/shop/V1__a.sql", "secrets/local.yaml", "fairlead.yaml"} <= there
    assert there & {".env.next", "build/out", "lose.log", "secrets/plain", "web/cache/x"} == set()
    assert load_project(checkout.file).outline("local") == load_project(folder / "fairlead.yaml").outline("local")


def test_git_itself_agrees(folder: Path, place: Place) -> None:
    """What git would add is what is sent of a source without ignore files of ours."""
    (folder / ".fairleadignore").unlink()
    (folder / "web" / ".fairleadignore").unlink()
    done = subprocess.run(["git", "init", "-q", folder], check=False)
    if done.returncode:
        pytest.skip("git is missing")
    argv = ["git", "ls-files", "--others", "--exclude-standard", "--cached"]
    listed = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()
    checkout, _ = sent(folder, place)
    assert {one.path for one in scan(checkout.root).files} == set(listed)


def test_only_what_is_new_is_sent(folder: Path, place: Place) -> None:
    first, wanted = sent(folder, place)
    assert len(wanted) > 10
    again, wanted = sent(folder, place)
    assert wanted == set() and again.folder == first.folder
    (folder / "web" / "main.py").write_text("print(2)\n")
    (folder / "web" / "copy.py").write_text("z")
    second, wanted = sent(folder, place)
    assert wanted == {"web/main.py"} and second.folder != first.folder
    assert (first.root / "web" / "main.py").read_text() == "print()\n"
    (first.root / "main.py").write_text("damaged")
    (second.root / "main.py").write_text("damaged")
    third, wanted = sent(folder, place)
    assert wanted == {"main.py"} and (third.root / "main.py").read_text() == "print()\n"


def test_what_does_not_belong_there_goes(folder: Path, place: Place) -> None:
    checkout, _ = sent(folder, place)
    (checkout.root / "web" / "stranger.py").write_text("x")
    (checkout.root / "new" / "er").mkdir(parents=True)
    (checkout.root / "new" / "er" / "x").symlink_to("/etc/passwd")
    sent(folder, place)
    assert not (checkout.root / "web" / "stranger.py").exists() and not (checkout.root / "new").exists()


def test_a_file_that_the_host_changed_comes_back(folder: Path, place: Place) -> None:
    first, _ = sent(folder, place)
    assert first.changed() == {}
    (first.root / "secrets" / "local.yaml").write_text("sops: rotated\n")
    assert first.changed() == {"secrets/local.yaml": b"sops: rotated\n"}
    (folder / "main.py").write_text("print(3)\n")
    second, _ = sent(folder, place)  # who has not got it yet
    assert (second.root / "secrets" / "local.yaml").read_text() == "sops: rotated\n"
    for number in range(2 * KEPT):
        (folder / "secrets" / "local.yaml").write_text(f"sops: own {number}\n")
        other, _ = sent(folder, place)
        assert (other.root / "secrets" / "local.yaml").read_text() == f"sops: own {number}\n"
        Checkouts(place).prune({other.folder.name})
    assert len(Checkouts(place).all()) <= KEPT + 2
    assert any(one.changed() for one in Checkouts(place).all())  # nobody has taken it yet


def test_a_file_that_was_not_there_comes_back(folder: Path, place: Place) -> None:
    (folder / "secrets" / "local.yaml").unlink()
    first, _ = sent(folder, place)
    (first.root / "secrets").mkdir(exist_ok=True)
    (first.root / "secrets" / "local.yaml").write_text("sops: made\n")
    base, manifest = gather(load_project(folder / "fairlead.yaml"), ["local"])
    assert Checkouts(place).newer(manifest) == {"secrets/local.yaml": b"sops: made\n"}
    assert base == folder


def test_a_source_that_leads_away_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("x")
    os.rename(folder / "web", folder / "web2")
    (folder / "web").symlink_to(tmp_path / "other")
    (folder / "fairlead.yaml").write_text(FILE.replace("source: .,", "source: ./web,"))
    with pytest.raises(UsageError, match="a source that is a link"):
        gather(load_project(folder / "fairlead.yaml"), ["local"])


def test_a_context_of_an_image_is_the_same_there(folder: Path, place: Place) -> None:
    pytest.importorskip("docker")
    from fairlead.artifacts.context import read_context  # noqa: PLC0415 — brings Docker's rules
    from fairlead.project.stack_container import Build  # noqa: PLC0415

    (folder / "fairlead.yaml").write_text(
        "name: shop\nservices: {web: {build: {context: ., dockerfile: deep/Dockerfile}}}\n"
        "environments: {local: {runtime: docker, host: ssh://a@b}}\n"
    )
    (folder / "deep" / "empty").mkdir(parents=True)
    (folder / "deep" / "Dockerfile").write_text("FROM scratch\n")
    (folder / ".dockerignore").write_text("build\n**/*.log\n")
    (folder / ".git").mkdir()
    checkout, _ = sent(folder, place)
    build = Build(".", "deep/Dockerfile")
    here, there = read_context(folder, build), read_context(checkout.root, build)
    assert "deep/empty" in here.folders and there.folders == here.folders
    assert there.digest(build, {}, None) == here.digest(build, {}, None)
    again, wanted = sent(folder, place)
    assert wanted == set() and read_context(again.root, build).digest(build, {}, None) == here.digest(build, {}, None)


def test_links_inside_are_fine() -> None:
    links = {"a/up": "..", "b": "a/up/c", "c/d": "../a/up/c/e", "loop": "loop", "nowhere": "not/there"}
    rows = [[path, "link", target, 0, 0o644, 0] for path, target in links.items()]
    data = {"root": ".", "file": "f", "files": rows, "tops": ["."], "folders": ["x"], "returned": ["x/y"]}
    assert len(from_data(data).files) == len(links)


@pytest.mark.parametrize("item", ["services: {web: {image: x, ",
    "services: {api: {image: x}}\nstores: {web: {kind: container, image: x, "])  # fmt: skip
def test_what_a_container_keeps_is_no_part_of_a_checkout(folder: Path, item: str) -> None:
    tail = "environments: {local: {runtime: docker, host: ssh://a@b}}\n"
    (folder / "fairlead.yaml").write_text(f'name: shop\n{item}volumes: ["./data:/data"]}}}}\n{tail}')
    with pytest.raises(UsageError, match=r"web: \./data:/data: a folder beside the project file"):
        gather(load_project(folder / "fairlead.yaml"), ["local"])


def test_one_that_goes_meanwhile_hides_no_other(folder: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sessions at once: what one tidies up must not make the other take all for half sent."""
    sent(folder, place)
    before = [one.folder for one in Checkouts(place).all()]
    real = checkout.listed
    monkeypatch.setattr(checkout, "listed", lambda there: [*real(there), there / "gone"])
    assert [one.folder for one in Checkouts(place).all()] == before != []


def test_what_was_never_sent_to_its_end_goes(folder: Path, place: Place) -> None:
    whole, _ = sent(folder, place)
    (folder / "main.py").write_text("print(4)\n")
    _, manifest = gather(load_project(folder / "fairlead.yaml"), ["local"])
    half = Checkouts(place).begin(manifest)
    Checkouts(place).prune({half.folder.name})
    assert half.folder.exists()
    Checkouts(place).prune(set())
    assert not half.folder.exists() and whole.file.exists()


FINE = ["a", "file", "0" * 64, 1, 0o644, 0]
BAD_ROWS = [
    ["/a", *FINE[1:]], ["a/../b", *FINE[1:]], ["./a", *FINE[1:]], ["", *FINE[1:]], ["a\0b", *FINE[1:]],
    [".git/hooks/x", *FINE[1:]], ["a/.git", *FINE[1:]], ["x" * 300, *FINE[1:]], ["a", "device", *FINE[2:]],
    ["a", "file", "0" * 63, *FINE[3:]], ["a", "file", "0" * 64, -1, 0, 0], ["a", "file", "0" * 64, 1 << 40, 0, 0],
    ["a", "file", "0" * 64, "1", 0, 0], ["a", "file", "0" * 64, True, 0, 0], ["a", "link", "/etc", 0, 0, 0],
    ["a/b", "link", "../../c", 0, 0, 0], ["a", "link", "", 0, 0, 0], ["a", "link", "b", 5, 0, 0], ["a"], "a", None,
]  # fmt: skip


@pytest.mark.parametrize("row", BAD_ROWS, ids=str)
def test_a_manifest_names_nothing_outside(row: object) -> None:
    data = Manifest(".", "fairlead.yaml", ()).to_data()
    from_data(data | {"files": [FINE]})
    with pytest.raises(Malformed):
        from_data(data | {"files": [row]})
    for key in ("root", "file"):
        with pytest.raises(Malformed):
            from_data(data | {key: "../x"})
    with pytest.raises(Malformed):
        from_data(data | {"tops": ["/x"]})
    with pytest.raises(Malformed):
        from_data(data | {"files": [["a", "link", "b", 0, 0, 0], ["a/b", *FINE[1:]]]})  # through a link
    with pytest.raises(Malformed):
        from_data(data | {"files": [FINE, FINE]})
