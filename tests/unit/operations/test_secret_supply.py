"""What an environment's services are handed comes from its back end, whole or not at all."""

import json
from dataclasses import replace

import pytest

from fairlead.errors import Refused
from fairlead.masking import Secret
from fairlead.operations.checks import secrets as checks
from fairlead.operations.secrets.supply import Supply, told
from fairlead.project.stack import Generate, Notify, Rotate, SecretBackend, SecretSpec, Service, ServiceSecret, Stack
from fairlead.secrets.base import Unavailable
from fairlead.secrets.fake import FakeBackend
from fairlead.secrets.rotation.slot import Slot, Version, save
from fairlead.system.home import Place

SPECS = (SecretSpec("A"), SecretSpec("B", Generate("hex")), SecretSpec("T", Generate("ed25519"), Rotate(kind="jwt")))


def supply(tmp_path, *names, backend=None, notify=(), how="file"):
    service = Service("web", "run", secrets=tuple(ServiceSecret(name, how) for name in names))
    stack = Stack("shop", "live", services=(service,), secrets=SPECS, notify=notify)
    found = Supply(stack, tmp_path, Place(tmp_path / "home" / "shop" / "live"))
    found.__dict__["backend"] = backend or FakeBackend()
    return found


def test_nothing_is_asked_where_nobody_wants_a_secret(tmp_path):
    backend = FakeBackend()
    backend.available = False
    asked = supply(tmp_path, backend=backend)
    assert asked.read().files == {} and asked.make() == () and list(checks.examine(asked)) == []


def test_a_missing_value_is_refused_with_the_command_that_sets_it(tmp_path):
    with pytest.raises(Refused, match="no value for A in memory") as caught:
        supply(tmp_path, "A").read()
    assert caught.value.hint == "fairlead secrets set live A"
    read = supply(tmp_path, "A")
    read.__dict__["stack"] = replace(read.stack, secret_backend=SecretBackend("exec", get="pass {name}"))
    assert read.hint(["A"]) == "set A with the program itself"
    with pytest.raises(Refused, match="no value for A"):
        supply(tmp_path, "A", backend=FakeBackend({"A": ""})).read()


def test_generated_ones_are_made_first_and_never_again(tmp_path):
    said, backend = [], FakeBackend({"A": "first"})
    asked = supply(tmp_path, "A", "B", backend=backend)
    told(asked, lambda kind, text: said.append(text))
    first = asked.read()
    assert said == ["made B, T in memory"]
    told(asked, lambda kind, text: said.append(text))
    assert asked.read().files == first.files and len(said) == 1


def test_a_signing_key_has_its_document(tmp_path):
    asked = supply(tmp_path, "T")
    asked.make()
    files = asked.read().files
    assert set(files) == {"T", "T_JWKS"} and len(json.loads(files["T_JWKS"])["keys"]) == 1


def test_the_doctor_says_what_is_missing_and_who_reads_an_environment(tmp_path):
    [missing] = checks.examine(supply(tmp_path, "A"))
    assert missing.result == "failed" and missing.hint == "fairlead secrets set live A"
    fine, readable = checks.examine(supply(tmp_path, "A", "B", backend=FakeBackend({"A": "first"}), how="env"))
    assert fine.result == "ok"
    assert readable.result == "warning" and "web has A, B in its environment: root" in readable.text


def test_the_doctor_says_when_the_values_cannot_be_had(tmp_path):
    backend = FakeBackend()
    backend.available = False
    [check] = checks.examine(supply(tmp_path, "A", backend=backend))
    assert check.result == "failed" and check.text == "memory cannot be read"
    with pytest.raises(Unavailable):
        supply(tmp_path, "A", backend=backend).read()


def test_addresses_come_from_the_back_end_where_they_are_declared(tmp_path, monkeypatch):
    monkeypatch.setenv("A", "from the environment")
    monkeypatch.setenv("HOOK", "from the environment")
    notify = (Notify("slack", "A", ("failed",)), Notify("webhook", "HOOK", ("failed",)))
    environ = supply(tmp_path, backend=FakeBackend({"A": "from the back end"}), notify=notify).environ()
    assert (environ["A"], environ["HOOK"]) == ("from the back end", "from the environment")
    assert supply(tmp_path, notify=notify).environ()["A"] == "from the environment"


def test_a_shared_key_has_the_list_of_those_that_count(tmp_path):
    shared = SecretSpec("S", Generate("jwt-hs256"), Rotate(kind="jwt"))
    service = Service("web", "run", secrets=(ServiceSecret("S"),))
    stack = Stack("shop", "live", services=(service,), secrets=(shared,))
    asked = Supply(stack, tmp_path, Place(tmp_path / "home" / "shop" / "live"))
    asked.__dict__["backend"] = FakeBackend({"S": "old-key"})
    assert json.loads(asked.read().files["S_KEYS"]) == ["old-key"]
    slot = Slot("S", Version("1", "draining", Secret("old-key")), Version("2", "live", Secret("new-key")))
    save(asked.place.secrets, slot)
    files = asked.read().files  # while it is rotated the slot says what is in use, not the back end
    assert json.loads(files["S_KEYS"]) == ["new-key", "old-key"] and files["S"] == b"new-key"
