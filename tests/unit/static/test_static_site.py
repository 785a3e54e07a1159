"""The files of a folder, as a browser, a crawler and somebody up to no good ask for them."""

import gzip
import re
import signal
import socket
import subprocess
import sys

import pytest

from fairlead.static.site import Site, compress
from fairlead.system.clock import wait_until

HASHED = "/assets/index-BX7b9kzE.js"
LONG = b"let a = 1;\n" * 500


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "dist"
    files = {
        "index.html": b"<h1>home</h1>", "docs/index.html": b"<h1>docs</h1>", HASHED[1:]: LONG, "my-component.js": LONG,
        "logo.png": b"\x89PNG" + bytes(2000), ".env": b"SECRET=1", ".git/config": b"x", "a/.hidden/b.txt": b"x",
        ".well-known/security.txt": b"Contact: x", "with space.txt": b"space",
    }  # fmt: skip
    for name, body in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    (tmp_path / "outside.txt").write_bytes(b"secret")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "inside.txt").symlink_to(root / "index.html")
    return root


@pytest.fixture
def get(folder):
    compress(folder)
    site = Site(folder)

    def ask(path, method="GET", **headers):
        said = []
        environ = {"PATH_INFO": path, "REQUEST_METHOD": method} | {
            f"HTTP_{name.upper()}": value for name, value in headers.items()
        }
        body = b"".join(site(environ, lambda *args: said.append(args)))
        return int(said[0][0].split()[0]), dict(said[0][1]), body

    return ask


def test_files_and_indexes(get):
    assert get("/")[::2] == (200, b"<h1>home</h1>")
    assert get("/index.html")[::2] == (200, b"<h1>home</h1>")
    assert get("/docs/")[::2] == (200, b"<h1>docs</h1>")
    assert get("/with space.txt")[2] == b"space"
    assert get("/inside.txt")[2] == b"<h1>home</h1>"
    status, headers, body = get("/", method="HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", "13")
    assert get("/", method="POST")[0] == 405


@pytest.mark.parametrize(
    "path",
    [
        "/assets/", "/assets", "/docs", "/.env", "/.git/config", "/a/.hidden/b.txt", "/link.txt", "/../outside.txt",
        "/docs/../../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "//etc/passwd", "/docs\\..\\index.html",
        "/index.html/", "/index.html\x00.png", "", "/.well-known", "/my-component.js.gz", "/docs//index.html",
    ],
)  # fmt: skip
def test_what_nobody_gets(get, path):
    status, headers, body = get(path)
    assert (status, headers["Cache-Control"]) == (404, "no-store")
    assert b"secret" not in body.lower()


def test_the_one_folder_with_a_dot_that_is_for_everybody(get):
    assert get("/.well-known/security.txt")[0] == 200


def test_only_what_never_changes_is_kept_for_ever(get):
    assert get(HASHED)[1]["Cache-Control"] == "max-age=315360000, public, immutable"
    for path in ("/", "/my-component.js", "/logo.png"):
        assert get(path)[1]["Cache-Control"] == "max-age=0, public"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("main.3f2a1b9c.js", True), ("chunk-VENDORS1.css", True), ("app.3f2a1b9c.js.map", True), ("index.html", False),
        ("jquery-migrate.js", False), ("my-component.js", False), ("v2.js", False), ("app-1.2.3.js", False),
    ],
)  # fmt: skip
def test_which_names_have_a_hash(tmp_path, name, kept):
    (tmp_path / name).write_bytes(b"x")
    assert (
        "immutable" in dict(Site(tmp_path).files[f"/{name}"].get_response("GET", {}).headers)["Cache-Control"]
    ) is kept


def test_a_file_that_is_the_same_is_not_sent_again(get):
    tag = get("/")[1]["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    assert get("/", if_none_match=tag)[::2] == (304, b"")
    assert get("/", if_none_match='"other"')[0] == 200


def test_the_tag_is_of_the_content(tmp_path):
    tags = set()
    for number in range(2):
        place = tmp_path / str(number)
        place.mkdir()
        (place / "a.txt").write_bytes(b"same")
        tags.add(dict(Site(place).files["/a.txt"].get_response("GET", {}).headers)["ETag"])
    assert len(tags) == 1


def test_parts_of_a_file(get):
    assert get("/my-component.js", range="bytes=4-8")[::2] == (206, b"a = 1")
    assert get("/my-component.js", range="bytes=99999-")[0] == 416


def test_what_was_compressed_beforehand(get):
    status, headers, body = get("/my-component.js", accept_encoding="gzip, br")
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert gzip.decompress(body) == LONG
    assert "Content-Encoding" not in get("/my-component.js")[1]
    assert "Content-Encoding" not in get("/logo.png", accept_encoding="gzip")[1]


def test_a_folder_that_is_not_there(tmp_path):
    command = [sys.executable, "-m", "fairlead.static", "serve", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"{tmp_path / 'none'}: No such file or directory\n")


LARGE = 30_000_000  #: bytes: more than what the sockets between the two hold


@pytest.fixture
def served(tmp_path):
    """A server of a folder with a large file, and a connection to it."""
    (tmp_path / "large.bin").write_bytes(bytes(LARGE))
    (tmp_path / "argparse.py").write_text("raise SystemExit('a file of the site was taken for a module')")
    command = [sys.executable, "-P", "-m", "fairlead.static", "serve", ".", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        said = server.stdout.readline()
        assert said.startswith("2 files of . on http://127.0.0.1:")
        address = ("127.0.0.1", int(said.rpartition(":")[2]))
        with socket.create_connection(address) as one:
            yield server, one, address
        server.kill()


def refused(address):
    try:
        socket.create_connection(address).close()
    except OSError:
        return True
    return False


def test_what_is_being_answered_is_answered_to_its_end(served):
    server, one, address = served
    one.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    got = len(one.recv(1000))
    server.send_signal(signal.SIGTERM)
    assert wait_until(lambda: refused(address), 20)
    assert server.poll() is None
    while piece := one.recv(1 << 20):
        got += len(piece)
    assert got > LARGE
    assert server.wait(20) == 0


def test_who_does_not_ask_to_the_end_does_not_keep_it(served):
    server, one, _ = served
    one.sendall(b"GET /argparse.py HT")
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0


def test_who_asks_nothing_does_not_keep_it(served):
    server, one, _ = served
    one.sendall(b"GET /argparse.py HTTP/1.1\r\nHost: a\r\n\r\n")
    assert one.recv(1000).startswith(b"HTTP/1.1 200 OK")
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0
    assert one.recv(1 << 20) in {b"", b"raise SystemExit('a file of the site was taken for a module')"}
