"""Where keys are looked for, and which files of keys are not taken."""

import stat

import pyrage
import pytest

from fairlead.errors import FairleadError
from fairlead.secrets.identities import ensure_own, keys, own_file


def key():
    return str(pyrage.x25519.Identity.generate())


def public(text):
    return str(pyrage.x25519.Identity.from_str(text).to_public())


def test_every_place_counts(tmp_path):
    texts = [key() for _ in range(4)]
    given = tmp_path / "given"
    given.write_text(f"# a comment\n\n{texts[1]}\n")
    usual = tmp_path / ".config" / "sops" / "age" / "keys.txt"
    own = tmp_path / ".config" / "fairlead" / "age.txt"
    for path, text in ((usual, texts[2]), (own, texts[3])):
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o600)
    found = keys({"HOME": str(tmp_path), "SOPS_AGE_KEY": texts[0], "SOPS_AGE_KEY_FILE": str(given)})
    assert found.recipients == tuple(map(public, texts))


def test_none_is_no_error_and_says_where_it_looked(tmp_path):
    found = keys({"HOME": str(tmp_path)})
    assert found.identities == ()
    assert "SOPS_AGE_KEY" in found.hint()


def test_our_own_is_made_once_for_this_user_alone(tmp_path):
    environ = {"HOME": str(tmp_path)}
    mine, path, made = ensure_own(environ)
    assert (made, path) == (True, own_file(environ))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_own(environ) == (mine, path, False)
    assert keys(environ).recipients == (mine,)


def test_our_own_lies_in_the_home_that_is_given(tmp_path):
    assert own_file({"FAIRLEAD_HOME": str(tmp_path), "HOME": "/nowhere"}) == tmp_path / "age.txt"
    assert own_file({"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere"}) == tmp_path / "fairlead" / "age.txt"


def test_one_that_others_can_read_is_refused(tmp_path):
    _, path, _ = ensure_own({"HOME": str(tmp_path)})
    path.chmod(0o640)
    for act in (keys, ensure_own):
        with pytest.raises(FairleadError, match="can be read by others") as caught:
            act({"HOME": str(tmp_path)})
        assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AGE-SECRET-KEY-1NONSENSE", ":1: no key of age"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nabc", "passphrase"),
        (b"\xff\xfe\x00", "not text"),
    ],
)
def test_what_is_no_file_of_keys_is_said(tmp_path, text, message):
    path = tmp_path / "keys"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FairleadError, match=message) as caught:
        keys({"HOME": str(tmp_path), "SOPS_AGE_KEY_FILE": str(path)})
    assert "NONSENSE" not in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_named_and_missing_is_an_error(tmp_path):
    with pytest.raises(FairleadError, match="no such file"):
        keys({"HOME": str(tmp_path), "SOPS_AGE_KEY_FILE": str(tmp_path / "gone")})


def test_keys_of_plugins_are_passed_over(tmp_path):
    text = key()
    environ = {"HOME": str(tmp_path), "SOPS_AGE_KEY": f"AGE-PLUGIN-YUBIKEY-1QQQ\n{text}"}
    assert keys(environ).recipients == (public(text),)
