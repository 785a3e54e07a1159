"""Who we are to the project's registry, for whoever has no project file."""

from types import SimpleNamespace

import pytest

from fairlead.artifacts.release import Release
from fairlead.engine.login import Login
from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.operations import images
from fairlead.operations.logins_kept import keep_logins, kept_logins
from fairlead.project.stack import Registry, SecretBackend, SecretSpec, Stack
from fairlead.system.home import Place

DOMAIN = "ghcr.io"


@pytest.fixture
def place(tmp_path):
    """As the last deployment left it."""
    made = Place(tmp_path / "shop" / "live")
    made.create()
    keep_logins(made, {DOMAIN: Login(DOMAIN, "ci", Secret("old"))})
    return made


@pytest.fixture
def asked(monkeypatch):
    """The passwords that a registry was told, which takes `new` alone."""
    found = []

    def store(place, logins):
        def ensure(pinned, tell, platforms):
            found.append(logins[DOMAIN].password.reveal())
            if found[-1] != "new":
                raise FairleadError("the registry says no", "log in")

        return SimpleNamespace(ensure=ensure)

    monkeypatch.setattr(images, "image_store", store)
    return found


def release(root):
    registry = Registry("ghcr.io/acme", "ci", "REGISTRY_TOKEN")
    backend = SecretBackend("environment")
    stack = Stack("shop", "live", registry=registry, secrets=(SecretSpec("REGISTRY_TOKEN"),), secret_backend=backend)
    return Release("1", stack, {"web": "sha256:1"}, "", machine={"root": str(root)}, images={"web": "x@sha256:2"})


def test_after_a_rotation_the_new_password_is_used_and_kept(place, asked, tmp_path, monkeypatch):
    monkeypatch.setenv("REGISTRY_TOKEN", "new")
    images.have_images(place, release(tmp_path), print)
    images.have_images(place, release(tmp_path), print)
    assert asked == ["old", "new", "new"]
    assert kept_logins(place)[DOMAIN].password.reveal() == "new"


@pytest.mark.parametrize("value", ["old", None])
def test_where_there_is_no_other_one_the_registrys_answer_is_said(place, asked, tmp_path, monkeypatch, value):
    monkeypatch.setenv("REGISTRY_TOKEN", value) if value else monkeypatch.delenv("REGISTRY_TOKEN", raising=False)
    with pytest.raises(FairleadError, match="the registry says no"):
        images.have_images(place, release(tmp_path), print)
    assert asked == ["old"]
