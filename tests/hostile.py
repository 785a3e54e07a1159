"""What somebody says to a host who must not get anywhere, and why it is refused."""

import io
import json
import tarfile

HELLO = {"say": "hello", "protocol": 1, "fairlead": "0", "project": "shop", "environment": "local"}
MANIFEST = {
    "root": ".", "file": "fairlead.yaml", "tops": [], "folders": [], "returned": [],
    "files": [["fairlead.yaml", "file", "0" * 64, 5, 0o644, 0]],
}  # fmt: skip


def lines(*messages):
    return b"".join(json.dumps(one).encode() + b"\n" for one in messages)


def chunked(data):
    return f"{len(data)}\n".encode() + data + b"0\n"


def archive(name="fairlead.yaml", kind=tarfile.REGTYPE, link="", content=b"12345"):
    made = io.BytesIO()
    with tarfile.open(mode="w", fileobj=made) as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, len(content) if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(content) if info.size else None)
    return made.getvalue()


def sparse():
    """Five bytes of which none is sent."""
    with_holes = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "5,0",
                  "GNU.sparse.size": "5", "GNU.sparse.name": "fairlead.yaml"}  # fmt: skip
    made = io.BytesIO()
    with tarfile.open(mode="w", fileobj=made, format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("fairlead.yaml")
        info.pax_headers = with_holes
        tar.addfile(info)
    return made.getvalue()


def tree(data, manifest=MANIFEST):
    return (
        lines(HELLO, {"say": "tree"}) + chunked(json.dumps(manifest).encode()) + lines({"say": "files"}) + chunked(data)
    )


def run(**changed):
    base = {"say": "run", "operation": "status", "arguments": {}, "source": None, "origin": {}, "commit": None,
            "json": False, "live": False, "secret": None}  # fmt: skip
    return lines(HELLO, base | changed)


MESSAGES = {
    "not JSON": (b"GET / HTTP/1.1\r\n\r\n", "a message that is not JSON"),
    "not an object": (b"[]\n", "a message that is not an object"),
    "nested": (b"[" * 50_000 + b"\n", "a message that is not JSON"),
    "oversized": (b'{"say": "' + b"x" * (1 << 20) + b'"}\n', "a message of more than 65536 bytes"),
    "no greeting": (lines({"say": "run"}), "a message before the greeting"),
    "another project": (lines(HELLO | {"project": "other"}), "local of shop alone, not of other"),
    "another environment": (lines(HELLO | {"environment": "next"}), "for local alone, not for next"),
    "a path as environment": (lines(HELLO | {"environment": "../next"}), "for local alone"),
    "unknown message": (lines(HELLO, {"say": "shell"}), "a kind that is not known"),
    "unknown command": (run(operation="exec"), "'exec' is no command for another machine"),
    "a local command": (run(operation="secrets get"), "is no command for another machine"),
    "an option": (run(operation="--help"), "is no command for another machine"),
    "a strange argument": (run(arguments={"file": "/etc/passwd"}), "takes no 'file' from elsewhere"),
    "a path": (run(operation="verdict", arguments={"replay": "../../x"}), "takes no path from elsewhere"),
    "another type": (run(operation="rollback", arguments={"yes": "-x"}), "is a switch"),
    "another part": (run(path="/"), "other parts than it has"),
    "promote from elsewhere": (run(operation="promote", source="next"), "must not promote from next"),
    "a key on the host": (lines(HELLO, {"say": "identity"}), "makes no keys"),
    "a chunk too long": (lines(HELLO, {"say": "tree"}) + b"99999999\n", "length of a chunk"),
    "manifest outside": (
        lines(HELLO, {"say": "tree"})
        + chunked(json.dumps(MANIFEST | {"files": [["../x", "file", "0" * 64, 1, 0o644, 0]]}).encode()),
        "no path inside of a checkout",
    ),
    "manifest link outside": (
        lines(HELLO, {"say": "tree"})
        + chunked(json.dumps(MANIFEST | {"files": [["x", "link", "../../y", 0, 0o644, 0]]}).encode()),
        "a link that leads outside",
    ),
    "links that lead outside together": (
        tree(b"", MANIFEST | {"files": [
            ["a/up", "link", "..", 0, 0o644, 0], ["b", "link", "a/up/..", 0, 0o644, 0],
        ]}), "a link that leads outside",
    ),
    "a repository below a link": (
        tree(b"", MANIFEST | {"files": [["a", "link", ".", 0, 0o644, 0]], "tops": ["a/b"]}), "below a file or a link",
    ),
    "a file to be had back through a link": (
        tree(b"", MANIFEST | {"files": [["a", "link", ".", 0, 0o644, 0]], "returned": ["a/b"]}),
        "below a file or a link",
    ),
    "a project file in a link": (
        tree(b"", MANIFEST | {"files": [["a", "link", ".", 0, 0o644, 0]], "root": "a"}), "is a file and a folder",
    ),
    "no name for a file": (
        tree(b"", MANIFEST | {"files": [["\ud800", "file", "0" * 64, 1, 0o644, 0]]}), "a path that is none",
    ),
    "tar of holes": (tree(sparse()), "which is no plain file"),
    "tar with ..": (tree(archive("../x")), "a path that leads outside"),
    "tar with /": (tree(archive("/tmp/fairlead-x")), "a path that leads outside"),
    "tar with a link": (tree(archive(kind=tarfile.SYMTYPE, link="/etc")), "which is no plain file"),
    "tar with a hard link": (tree(archive(kind=tarfile.LNKTYPE, link="x")), "which is no plain file"),
    "tar with a device": (tree(archive(kind=tarfile.CHRTYPE)), "which is no plain file"),
    "tar with a stranger": (tree(archive("other")), "which nobody asked for"),
    "tar too large": (tree(archive(content=b"123456")), "another size than was said"),
    "tar of another content": (tree(archive()), "another content than was said"),
    "no tar": (tree(b"x" * 2000), "an archive that is none"),
}  # fmt: skip
