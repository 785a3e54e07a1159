"""Vault and OpenBao when they do not do as they are told; against a server that is as strict as they are."""

import pytest

from fairlead.masking import Secret
from fairlead.secrets.base import ReadOnly, Unavailable
from fairlead.secrets.vault import VaultBackend

ONE = {"ONE": Secret("eins")}


@pytest.fixture
def connect(vault, tmp_path):
    def connect(token="root", **more):
        environ = {"HOME": str(tmp_path), **({"VAULT_TOKEN": token} if token else {}), **more.pop("environ", {})}
        return VaultBackend(more.pop("url", vault.url), more.pop("path", "shop/test"), environ=environ, **more)

    return connect


def test_who_may_not_read(connect):
    with pytest.raises(Unavailable, match=r"does not let this user read secret/shop/test.*403") as caught:
        connect("nobody").get(["ONE"])
    assert "policy" in caught.value.hint


def test_who_may_read_and_not_write(connect, vault):
    connect().set(ONE)
    assert connect("reader").get(["ONE"]) == ONE
    with pytest.raises(ReadOnly, match="write secret/shop/test"):
        connect("reader").set({"TWO": Secret("zwei")})
    assert connect().names() == ("ONE",)


def test_sealed(connect, vault):
    vault.vault.sealed = True
    for act in (lambda: connect().names(), lambda: connect().set(ONE)):
        with pytest.raises(Unavailable, match="sealed") as caught:
            act()
        assert "unseal" in caught.value.hint


def test_deleted_softly_is_not_taken_for_empty(connect, vault):
    connect().set(ONE)
    vault.vault.answer("DELETE", "secret/data/shop/test", {"X-Vault-Token": "root"}, {})
    for act in (lambda: connect().get(["ONE"]), lambda: connect().add(ONE)):
        with pytest.raises(Unavailable, match="version 1 was deleted") as caught:
            act()
        assert "vault kv undelete -mount=secret -versions=1 shop/test" in caught.value.hint


def test_destroyed(connect, vault):
    connect().set(ONE)
    next(iter(vault.vault.keys.values()))[-1]["destroyed"] = True
    with pytest.raises(Unavailable, match="version 1 was destroyed"):
        connect().get(["ONE"])


def test_an_engine_that_is_not_there(connect):
    with pytest.raises(Unavailable, match="no KV engine of version 2 at nothing"):
        connect(mount="nothing").names()


def test_another_mount_and_a_namespace(connect, vault):
    there = connect(mount="kv/shop", namespace="team-a")
    there.set(ONE)
    assert connect(mount="kv/shop").names() == ()
    assert connect(mount="kv/shop", namespace="team-a").get(["ONE"]) == ONE
    with pytest.raises(Unavailable):
        connect(namespace="nobody").names()


def test_approle(connect, vault):
    environ = dict(zip(("VAULT_ROLE_ID", "VAULT_SECRET_ID"), ("role", "secret-id"), strict=True))
    there = connect(None, auth="approle", environ=environ)
    there.set(ONE)
    assert there.get(["ONE"]) == ONE
    assert vault.vault.logins == 1
    used_up = {"VAULT_SECRET_ID": environ["VAULT_ROLE_ID"]}
    with pytest.raises(Unavailable, match="does not know this AppRole: invalid role or secret ID"):
        connect(None, auth="approle", environ=environ | used_up).names()
    with pytest.raises(Unavailable, match="VAULT_SECRET_ID is not set"):
        connect(None, auth="approle", environ={"VAULT_ROLE_ID": "role"}).names()


def test_approle_from_files(connect, tmp_path):
    (tmp_path / "id").write_text("secret-id\n")
    environ = {"VAULT_ROLE_ID": "role", "VAULT_SECRET_ID_FILE": str(tmp_path / "id")}
    assert connect(None, auth="approle", environ=environ).names() == ()


def test_tokens_from_where_the_programs_keep_them(connect, tmp_path):
    with pytest.raises(Unavailable, match="there is no token"):
        connect(None).names()
    (tmp_path / ".vault-token").write_text("root\n")
    assert connect(None).names() == ()
    assert connect(None, environ={"BAO_TOKEN": "root"}).names() == ()


def test_a_write_of_somebody_else_in_between_is_kept(connect, vault):
    """What was read is stale: check-and-set says so, and the change is made anew on what is there now."""
    connect().set(ONE)
    other = connect()
    vault.vault.before_write.append(lambda: other.set({"OTHER": Secret("from somebody else")}))
    connect().set({"TWO": Secret("zwei")})
    assert connect().names() == ("ONE", "OTHER", "TWO")


def test_somebody_who_writes_all_the_time_is_said(connect, vault):
    connect().set(ONE)
    other = connect()

    def again(number):
        return lambda: other.set({"OTHER": Secret(f"value {number}")})

    # each of our writes is preceded by one of theirs, and theirs by nothing
    vault.vault.before_write += [step for number in range(9) for step in (again(number), lambda: None)]
    with pytest.raises(Unavailable, match="changed by somebody else all the time"):
        connect().set({"TWO": Secret("zwei")})
    assert "TWO" not in connect().names()


def test_one_version_for_many_names(connect, vault):
    connect().set({f"NAME_{number}": Secret(f"value {number}") for number in range(50)})
    connect().set({})
    assert len(next(iter(vault.vault.keys.values()))) == 1


def test_a_server_that_is_not_there(connect):
    with pytest.raises(Unavailable, match="cannot be reached"):
        connect(url="http://127.0.0.1:9").names()


def test_values_that_are_no_text_are_given_as_json(connect, vault):
    vault.vault.keys["", "secret", "shop/test"] = [
        {"data": {"NUMBER": 5, "FLAG": True}, "deleted": "", "destroyed": False}
    ]
    assert {name: one.reveal() for name, one in connect().get(["NUMBER", "FLAG"]).items()} == {
        "NUMBER": "5", "FLAG": "true",
    }  # fmt: skip


def test_no_message_holds_a_token_or_a_value(connect, vault):
    vault.vault.sealed = True
    with pytest.raises(Unavailable) as caught:
        connect("a-token-that-is-secret").set({"ONE": Secret("a-value-that-is-secret")})
    assert "that-is-secret" not in f"{caught.value.message} {caught.value.hint} {caught.value!r}"
