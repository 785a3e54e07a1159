"""A list of images, as a registry takes it."""

import base64
import http.server
import json
import threading
from types import SimpleNamespace

import pytest
from tests.registries import PASSWORD

from fairlead.engine.images import Images, Patience
from fairlead.engine.login import Login
from fairlead.engine.manifests import IMAGE, LIST, OCI_IMAGE, OCI_LIST, Manifest, described, list_of, put_list
from fairlead.engine.registry_failures import RegistryError
from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.project.image_name import ImageName

SCOPE = "scope=repository%3Aacme%2Fapi%3Apull%2Cpush"


def test_how_a_platform_is_described():
    assert described("linux/arm/v7") == {"os": "linux", "architecture": "arm", "variant": "v7"}
    assert described("linux/amd64") == {"os": "linux", "architecture": "amd64"}


def test_a_list_of_images():
    one, other = Manifest(IMAGE, "sha256:a", b"1"), Manifest(IMAGE, "sha256:b", b"12")
    kind, body = list_of({"linux/amd64": one, "linux/arm64": other})
    said = json.loads(body)
    assert kind == said["mediaType"] == LIST
    assert [(row["digest"], row["size"], row["platform"]["architecture"]) for row in said["manifests"]] == [
        ("sha256:a", 1, "amd64"), ("sha256:b", 2, "arm64"),
    ]  # fmt: skip


def test_of_what_is_a_list_itself_the_row_for_the_platform_is_taken():
    """As an engine pushes that keeps images as containerd does: beside the image lies how it was made."""
    arm, unknown = (
        {"os": "linux", "architecture": "arm64", "variant": "v8"},
        {"os": "unknown", "architecture": "unknown"},
    )
    rows = [
        {"mediaType": OCI_IMAGE, "digest": "sha256:c", "size": 3, "platform": arm},
        {"mediaType": OCI_IMAGE, "digest": "sha256:d", "size": 4, "platform": unknown},
    ]
    nested = Manifest(OCI_LIST, "sha256:e", json.dumps({"manifests": rows}).encode())
    kind, body = list_of({"linux/amd64": Manifest(IMAGE, "sha256:a", b"1"), "linux/arm64": nested})
    assert kind == OCI_LIST
    assert [row["digest"] for row in json.loads(body)["manifests"]] == ["sha256:a", "sha256:c"]
    with pytest.raises(FairleadError, match=r"what was pushed for linux/386, linux/arm has no image for that"):
        list_of({"linux/386": nested, "linux/amd64": Manifest(IMAGE, "sha256:a", b"1"), "linux/arm": nested})


class Registry(http.server.BaseHTTPRequestHandler):
    """One whose tokens come from a server of their own, as Docker Hub's and GitHub's do; here it is the same one."""

    def log_message(self, *_):
        """Quiet."""

    def do_GET(self):
        pair = base64.b64encode(f"bot:{PASSWORD}".encode()).decode()
        if self.path.startswith("/token"):
            known = self.headers["Authorization"] == f"Basic {pair}" and SCOPE in self.path
            self.answer(200 if known else 401, b'{"token": "t"}' if known else b'{"errors": [{"code": "DENIED"}]}')
        else:
            self.guarded(b"an image", IMAGE)

    def do_PUT(self):
        self.server.put = self.rfile.read(int(self.headers["Content-Length"]))
        self.guarded(b"", LIST)

    def guarded(self, body, kind):
        if self.headers["Authorization"] == "Bearer t":
            self.answer(200, body, ("Content-Type", kind), ("Docker-Content-Digest", "sha256:of-the-list"))
        else:
            realm = f'Bearer realm="http://127.0.0.1:{self.server.server_port}/token",service="registry"'
            self.answer(401, b"", ("WWW-Authenticate", realm))

    def answer(self, status, body, *headers):
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server():
    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=one.serve_forever, daemon=True)
    thread.start()
    yield one
    one.shutdown()
    one.server_close()
    thread.join()


def put(server, password):
    domain = f"127.0.0.1:{server.server_port}"
    known = {"RegistryConfig": {"InsecureRegistryCIDRs": ["127.0.0.0/8"]}}
    engine = SimpleNamespace(api=SimpleNamespace(info=lambda: known))
    images = Images(engine, {domain: Login(domain, "bot", Secret(password))}, Patience(stall=20, tries=1))
    name = ImageName.parse(f"{domain}/acme/api:1")
    return put_list(images, name, {"linux/amd64": "sha256:a", "linux/arm64": "sha256:b"}, lambda text: None)


def test_a_registry_that_wants_a_token(server):
    assert put(server, PASSWORD) == "sha256:of-the-list"
    assert [row["digest"] for row in json.loads(server.put)["manifests"]] == ["sha256:a", "sha256:b"]


def test_a_registry_that_does_not_know_us(server):
    with pytest.raises(RegistryError, match=r"could not push .*/acme/api:1: .* says: 401 Unauthorized: DENIED"):
        put(server, "another-word")
