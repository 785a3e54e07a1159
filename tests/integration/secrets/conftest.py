"""Back ends, each with a place of its own to keep things in, for what all of them must do."""

import os
import stat
import uuid

import pyrage
import pytest
from vault_double import VaultServer

from fairlead.masking import known
from fairlead.secrets.age_file import AgeFile
from fairlead.secrets.aws import AwsBackend
from fairlead.secrets.exec_command import ExecBackend
from fairlead.secrets.fake import FakeBackend
from fairlead.secrets.vault import VaultBackend

NAMES = ("ONE", "TWO", "THREE", "MISSING")
KEEPER = """#!/bin/sh
# a program that keeps secrets, one file each: `keeper get NAME`, `keeper set NAME < value`
case "$1" in
  get) if [ -f "$KEEPER_FOLDER/$2" ]; then cat "$KEEPER_FOLDER/$2"; fi ;;
  set) cat > "$KEEPER_FOLDER/$2" ;;
esac
"""


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    known.forget()


@pytest.fixture(scope="session")
def vault_server():
    with VaultServer() as server:
        yield server


@pytest.fixture
def vault(vault_server):
    """The double, as if it had just been started."""
    vault_server.vault.__init__()
    return vault_server


@pytest.fixture(scope="session")
def aws_url():
    """moto's AWS, on a free port of this machine."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 — takes a second

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def aws_environment(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


def fake(request, tmp_path):
    return FakeBackend()


def age(request, tmp_path):
    identity = pyrage.x25519.Identity.generate()
    file = AgeFile(tmp_path / "secrets" / "test.yaml", "test", {"HOME": str(tmp_path), "SOPS_AGE_KEY": str(identity)})
    file.create([str(identity.to_public())])
    return file


def exec_(request, tmp_path):
    program = tmp_path / "keeper"
    program.write_text(KEEPER)
    program.chmod(stat.S_IRWXU)
    (tmp_path / "kept").mkdir()
    request.getfixturevalue("monkeypatch").setenv("KEEPER_FOLDER", str(tmp_path / "kept"))
    return ExecBackend("./keeper get {name}", "./keeper set {name}", NAMES, tmp_path)


def vault_(request, tmp_path):
    server = request.getfixturevalue("vault")
    return VaultBackend(server.url, "shop/test", environ={"VAULT_TOKEN": "root", "HOME": str(tmp_path)})


def bao(request, tmp_path):
    """The real one, when somebody says where it is."""
    if not os.environ.get("BAO_ADDR"):
        pytest.skip("BAO_ADDR is not set: no OpenBao or Vault to talk to")
    mount = os.environ.get("BAO_TEST_MOUNT", "secret")
    return VaultBackend(os.environ["BAO_ADDR"], f"fairlead-test-{uuid.uuid4().hex}", mount)


def aws(request, tmp_path):
    request.getfixturevalue("aws_environment")
    return AwsBackend(f"shop/{uuid.uuid4().hex}", "eu-west-1", request.getfixturevalue("aws_url"))


@pytest.fixture(params=[fake, age, exec_, vault_, bao, aws], ids=lambda make: make.__name__.strip("_"))
def backend(request, tmp_path):
    """Each of them, empty."""
    return request.param(request, tmp_path)
