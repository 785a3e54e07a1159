"""How a registry is reached as the engine reaches it."""

import http.server
import ssl
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fairlead.certificates.internal import InternalCa
from fairlead.engine import registry_trust
from fairlead.engine.images import Images, Patience
from fairlead.engine.manifests import put_list
from fairlead.engine.registry_failures import RegistryError
from fairlead.engine.registry_trust import client_pair, proxies
from fairlead.errors import FairleadError
from fairlead.project.image_name import ImageName


def client():
    """A certificate of nobody but itself, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=ci")
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    how = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return pem, key.private_bytes(*how)


class Registry(http.server.BaseHTTPRequestHandler):
    """One that takes whatever comes."""

    def log_message(self, *_):
        """Quiet."""

    def do_GET(self):
        self.answer(b"an image")

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"")

    def answer(self, body):
        self.send_response(200)
        for name, value in (("Docker-Content-Digest", "sha256:x"), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """One of an authority of its own, which wants to know who comes; the folder in which the engine is told of both."""
    authority = InternalCa(tmp_path / "ca", "shop")
    made, (cert, key) = authority.issue(["localhost"], ["127.0.0.1"]), client()
    for name, text in (("s.pem", made.cert_pem + made.key_pem.reveal()), ("c.pem", cert.decode())):
        (tmp_path / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "s.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tmp_path / "c.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.handle_error = lambda *_: None  # who does not trust it breaks off
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setattr(registry_trust, "CERTIFICATES", tmp_path / "certs.d")
    folder = tmp_path / "certs.d" / f"127.0.0.1:{server.server_port}"
    folder.mkdir(parents=True)
    (folder / "a-other.crt").write_text(cert.decode())  # several are trusted
    (folder / "ca.crt").write_text(authority.root_pem)
    (folder / "client.cert").write_bytes(cert)
    (folder / "client.key").write_bytes(key)
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def put(folder):
    engine = SimpleNamespace(api=SimpleNamespace(info=lambda: {}))
    images = Images(engine, {}, Patience(stall=20, tries=1))
    name = ImageName.parse(f"{folder.name}/acme/api:1")
    return put_list(images, name, {"linux/amd64": "sha256:a"}, lambda text: None)


def test_an_authority_of_its_own_and_who_we_are_to_it(registry):
    assert put(registry) == "sha256:x"
    (registry / "client.cert").unlink()
    with pytest.raises(RegistryError):
        put(registry)


def test_without_its_authority_it_is_not_trusted(registry):
    (registry / "ca.crt").unlink()
    with pytest.raises(RegistryError, match="certificate"):
        put(registry)


def test_a_certificate_without_its_key_is_said(registry):
    (registry / "client.key").unlink()
    with pytest.raises(FairleadError, match=r"client\.cert has no key"):
        client_pair(registry.name)
    (registry / "ca.crt").write_text("no certificate")
    with pytest.raises(FairleadError, match=r"ca\.crt is no certificate"):
        registry_trust._context([registry / "ca.crt"])


ENGINE = {"HttpProxy": "http://proxy:3128", "HttpsProxy": "http://proxy:3129", "NoProxy": "localhost,.internal"}


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("https://ghcr.io/v2/", {}, {"http": "http://proxy:3128", "https": "http://proxy:3129"}),
        ("https://registry.internal/v2/", {}, {}),
        ("http://localhost:5000/v2/", {}, {}),
        ("https://ghcr.io/v2/", {"HTTPS_PROXY": "http://ours:1"}, {}),
        ("https://ghcr.io/v2/", {"https_proxy": "http://ours:1"}, {}),
    ],
)
def test_the_way_is_ours_and_else_the_engines(monkeypatch, url, environment, expected):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert proxies(url, ENGINE, environment) == expected
    assert proxies(url, {}, environment) == {}
