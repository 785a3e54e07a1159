"""`render` on a disk: one folder, replaced whole or not at all, and nobody else's file is touched."""

import json
import os
import shutil
import subprocess

import pytest

from fairlead.errors import ConfigurationError, FairleadError, Refused, UsageError
from fairlead.operations.render import look, render
from fairlead.operations.rendered import MANIFEST, Rendered, differences
from fairlead.project.loader import load_project
from fairlead.system import swap

FILE = """\
name: shop
variables: {HOST: shop.example.com, PORT_NUMBER: 80}
secrets: {KEY: {}, TOKEN: {}}
templates:
  - {from: nginx.template.conf, to: web/nginx.conf}
  - {from: realm.template.json, to: realm.json}
  - {from: secret.json, to: secret.json, secret: true, services: [web]}
services:
  web: {source: ./web, command: "python web.py ${PORT} ${FILES}/web/nginx.conf", port: 8000, routes: [/], replicas: 2,
        env: {A: "100%", W: "${HOST}"}, secrets: [KEY]}
  worker: {source: ., command: "${PYTHON} w.py ; x"}
  box: {image: "nginx:1.29", command: nginx, build: {context: ./web}}
jobs: {seed: {like: web, command: python seed.py}}
environments: {local: {edge: {http: 8080}}, other: {edge: {http: 8080}, variables: {HOST: other.example.com}}}
"""


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "fairlead.yaml").write_text(FILE)
    (folder / "nginx.template.conf").write_text("listen ${PORT_NUMBER};\nserver_name ${HOST} $host;\n")
    (folder / "realm.template.json").write_text('{"url": "https://${HOST}/", "env": "${ENVIRONMENT}"}\n')
    (folder / "secret.json").write_text('{"key": "${KEY}"}\n')
    return folder


def project(root):
    return load_project(root / "fairlead.yaml")


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def leftovers(root):
    return [path.name for path in (root / "rendered").iterdir() if path.name.startswith(".")]


def test_everything_there_is(root):
    result = render(project(root), "local")
    files = tree(root / "rendered" / "local")
    assert set(files) == set(result.files) == {
        MANIFEST, "compose.yaml", "realm.json", "web/nginx.conf", "traefik/traefik.yml", "traefik/dynamic/routes.yml",
        "supervisord/supervisord.conf", "supervisord/programs/rendered.web.1.conf",
        "supervisord/programs/rendered.web.2.conf", "supervisord/programs/rendered.worker.1.conf",
        "supervisord/programs/rendered.box.1.conf", "supervisord/programs/rendered.seed.1.conf",
    }  # fmt: skip
    assert files["web/nginx.conf"] == b"listen 80;\nserver_name shop.example.com $host;\n"
    assert files["realm.json"] == b'{"url": "https://shop.example.com/", "env": "local"}\n'
    program = files["supervisord/programs/rendered.web.2.conf"].decode()
    env = '"env" "KEY_FILE=/run/secrets/web/KEY" "A=100%%" "W=shop.example.com"'
    assert f'command = {env} "python" "web.py" "19002" "../rendered/local/web/nginx.conf"' in program
    assert "directory = ../../../web" in program
    assert result.secret == ("secret.json",)
    assert str(root).encode() not in b"".join(files.values())
    assert not leftovers(root)


def test_the_same_input_gives_the_same_bytes_and_writes_nothing_again(root, tmp_path):
    render(project(root), "local")
    folder = root / "rendered" / "local"
    before = tree(folder), folder.stat().st_ino
    result = render(project(root), "local")
    assert not result.changes and (tree(folder), folder.stat().st_ino) == before
    other = tmp_path / "other"
    other.mkdir()
    for name in ("fairlead.yaml", "nginx.template.conf", "realm.template.json", "secret.json"):
        (other / name).write_bytes((root / name).read_bytes())
    render(project(other), "local")
    assert tree(other / "rendered" / "local") == before[0]


def test_what_is_no_longer_made_goes_and_what_others_made_stays(root):
    render(project(root), "local")
    folder = root / "rendered" / "local"
    (folder / "notes.txt").write_text("mine")
    (folder / "web" / "mine.conf").write_text("mine")
    (folder / "empty" / "deep").mkdir(parents=True)
    (folder / "link").symlink_to("notes.txt")
    inode = (folder / "notes.txt").stat().st_ino
    kept = (folder / "realm.json").stat().st_ino
    (root / "fairlead.yaml").write_text(FILE.replace("  - {from: nginx.template.conf, to: web/nginx.conf}\n", ""))
    result = render(project(root), "local")
    assert result.changes.removed == ("web/nginx.conf",)
    assert not (folder / "web" / "nginx.conf").exists() and (folder / "web" / "mine.conf").read_text() == "mine"
    assert (folder / "notes.txt").stat().st_ino == inode and (folder / "realm.json").stat().st_ino == kept
    assert (folder / "empty" / "deep").is_dir() and (folder / "link").readlink().name == "notes.txt"


def test_files_of_others_and_edited_ones_are_named_and_stay(root):
    folder = root / "rendered" / "local"
    folder.mkdir(parents=True)
    (folder / "compose.yaml").write_text("mine")
    with pytest.raises(Refused, match=r"compose\.yaml: not written by Fairlead") as caught:
        render(project(root), "local")
    assert "--force" in caught.value.hint and tree(folder) == {"compose.yaml": b"mine"}
    render(project(root), "local", force=True)
    (folder / "realm.json").write_text("edited")
    (root / "realm.template.json").write_text("{}")
    with pytest.raises(Refused, match=r"realm\.json: edited by hand"):
        render(project(root), "local")
    assert (folder / "realm.json").read_text() == "edited"
    (root / "fairlead.yaml").write_text(FILE.replace("  - {from: realm.template.json, to: realm.json}\n", ""))
    with pytest.raises(Refused, match=r"realm\.json: edited by hand"):  # it would go, and with it the edit
        render(project(root), "local")
    render(project(root), "local", force=True)
    assert not (folder / "realm.json").exists()


def test_nothing_is_written_through_a_link(root, tmp_path):
    render(project(root), "local")
    folder, outside = root / "rendered" / "local", tmp_path / "outside"
    outside.mkdir()
    (outside / "nginx.conf").write_text("theirs")
    (folder / "web" / "nginx.conf").unlink()
    (folder / "web").rmdir()
    (folder / "web").symlink_to(outside)
    with pytest.raises(Refused, match=r"web/nginx\.conf: a symbolic link or a folder"):
        render(project(root), "local")
    render(project(root), "local", force=True)
    assert (outside / "nginx.conf").read_text() == "theirs" and not (folder / "web").is_symlink()
    (folder / "realm.json").unlink()
    (folder / "realm.json").mkdir()
    render(project(root), "local", force=True)
    assert (folder / "realm.json").is_file()


def test_a_damaged_manifest_makes_every_file_a_strangers(root):
    render(project(root), "local")
    folder = root / "rendered" / "local"
    (folder / MANIFEST).write_text('{"files": {"../../fairlead.yaml": "x"')
    (root / "realm.template.json").write_text("{}")
    with pytest.raises(Refused, match="realm"):
        render(project(root), "local")
    (folder / MANIFEST).write_text(json.dumps({"files": {"../../../fairlead.yaml": "x", "/etc/passwd": "y"}}))
    render(project(root), "local", force=True)
    assert (root / "fairlead.yaml").exists()


@pytest.mark.parametrize("output", [".", "..", "/"])
def test_the_project_itself_is_never_replaced(root, output, monkeypatch):
    monkeypatch.chdir(root)
    with pytest.raises(UsageError, match="holds the project itself"):
        render(project(root), "local", root / output)


def test_other_places(root, tmp_path):
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to(root)
    file.write_text("")
    for place, message in ((link, "is a symbolic link"), (file, "is not a folder")):
        with pytest.raises(UsageError, match=message):
            render(project(root), "local", place)
    result = render(project(root), "local", tmp_path / "deep" / "er")
    assert (result.folder / "compose.yaml").exists()
    assert b"context: ../../project/web" in (result.folder / "compose.yaml").read_bytes()


def test_a_folder_of_other_things_is_not_taken_for_the_output(root):
    (root / "docs").mkdir()
    (root / "docs" / "x.md").write_text("mine")
    with pytest.raises(Refused, match="none of them was rendered"):
        render(project(root), "local", root / "docs")
    assert tree(root / "docs") == {"x.md": b"mine"}
    render(project(root), "local", root / "docs", force=True)
    render(project(root), "local", root / "docs")
    assert (root / "docs" / "x.md").read_text() == "mine"


def test_looking_writes_nothing(root):
    result, files = look(project(root), "local")
    assert result.changes.written == tuple(sorted(files)) and not (root / "rendered").exists()
    render(project(root), "local")
    assert not look(project(root), "local")[0].changes
    (root / "rendered" / "local" / "realm.json").write_text('{"url": 1}\n')
    result, files = look(project(root), "local")
    text = differences(Rendered.read(result.folder), files, result.changes)
    assert text.startswith("--- a/realm.json\n+++ b/realm.json\n@@") and '-{"url": 1}\n+{"url"' in text
    assert result.changes.foreign == {"realm.json": "edited by hand"}


class Killed(BaseException):
    """The process ends here."""


CALLS = ("mkdir", "write", "flush", "exchange", "sync", "remove")


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("after", range(24))
def test_a_kill_at_any_point_leaves_the_old_or_the_new(root, monkeypatch, after, exchanges):
    """Every call that changes the disk is a point; the process ends before the n-th, and nothing is cleaned up."""
    loaded = project(root)
    render(loaded, "local")
    folder = root / "rendered" / "local"
    (folder / "mine.txt").write_text("mine")
    old = tree(folder)
    (root / "realm.template.json").write_text('{"new": 1}')
    (root / "nginx.template.conf").write_text("listen 81;\n")
    new = look(loaded, "local")[1] | {"mine.txt": b"mine"}
    left = iter(range(after))

    def dying(real):
        def call(*args, **options):
            if next(left, None) is None:
                raise Killed
            return real(*args, **options)

        return call

    exchange = swap._exchange if exchanges else (lambda one, other: False)
    with monkeypatch.context() as patched:
        patched.setattr(swap, "_exchange", dying(exchange))
        for name in ("rename", "mkdir", "write_bytes", "chmod"):
            patched.setattr(f"pathlib.Path.{name}", dying(getattr(__import__("pathlib").Path, name)))
        patched.setattr(swap, "_flush", dying(swap._flush))
        patched.setattr(swap, "sync_folder", dying(swap.sync_folder))
        patched.setattr(swap, "remove_tree", dying(swap.remove_tree))
        try:
            render(loaded, "local")
        except Killed:
            pass
    between = not exchanges and not folder.exists()  # the moment between two renames: the next one puts it back
    assert between or tree(folder) in (old, new)
    render(loaded, "local")
    assert tree(folder) == new and not leftovers(root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(root):
    (root / "rendered").mkdir()
    (root / "rendered").chmod(0o500)
    with pytest.raises(FairleadError, match="could not be written"):
        render(project(root), "local")
    (root / "rendered").chmod(0o700)


def test_a_disk_that_is_full_changes_nothing(root, monkeypatch):
    render(project(root), "local")
    before = tree(root / "rendered" / "local")
    (root / "realm.template.json").write_text("{}")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(FairleadError, match=r"No space left on device; what was there is unchanged"):
        render(project(root), "local")
    assert tree(root / "rendered" / "local") == before and not leftovers(root)


def test_templates_that_are_wrong_are_all_said_before_anything_is_written(root):
    (root / "nginx.template.conf").write_text("listen ${PROT_NUMBER};\n")
    (root / "realm.template.json").write_text('{"key": "${KEY}"}')
    (root / "secret.json").write_text('{"key": "${KEYY}"')
    with pytest.raises(ConfigurationError) as caught:
        render(project(root), "local")
    assert [str(one).removeprefix(f"{root}/") for one in caught.value.findings] == [
        'nginx.template.conf:1:8: ${PROT_NUMBER} has no value; did you mean "PORT_NUMBER"?',
        "realm.template.json:1:10: ${KEY} is secret; say `secret: true` for this template, which is then handed over "
        "like a secret",
        'secret.json:1:10: ${KEYY} has no value; did you mean "KEY"?',
    ]
    assert not (root / "rendered").exists()


def test_templates_that_cannot_be_read(root, tmp_path):
    (root / "nginx.template.conf").unlink()
    (root / "realm.template.json").unlink()
    (tmp_path / "outside.json").write_text("{}")
    (root / "realm.template.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(ConfigurationError) as caught:
        look(project(root), "local")
    first, second = caught.value.findings
    assert first.message.startswith("no such file") and second.message == "leads out of the project's folder"


def test_a_variable_without_a_value_is_said(root):
    (root / "fairlead.yaml").write_text(FILE.replace("variables: {HOST", "variables: {NEEDED: {type: url}, HOST"))
    with pytest.raises(ConfigurationError, match="NEEDED"):
        render(project(root), "local")


def test_a_disk_that_really_is_full_or_read_only(root, tmp_path, tmpfs):
    disk = tmpfs(tmp_path / "disk", "1m")
    output = disk / "out"
    render(project(root), "local", output)
    before = tree(output)
    (root / "realm.template.json").write_text(json.dumps({"a": "x" * 200_000}))
    (disk / "filler").write_bytes(b"0" * (shutil.disk_usage(disk).free - 40_000))
    with pytest.raises(FairleadError, match="No space left on device"):
        render(project(root), "local", output)
    assert tree(output) == before and {path.name for path in disk.iterdir()} == {"out", "filler"}
    (disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(FairleadError, match="could not be written: Read-only file system"):
        render(project(root), "local", output)
    assert tree(output) == before


def test_environments_differ_only_in_what_they_say(root):
    render(project(root), "other")
    assert b"other.example.com" in (root / "rendered" / "other" / "realm.json").read_bytes()
