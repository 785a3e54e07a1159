"""Files of the format as sops has it, made by other code than ours; `sops` itself where it is installed."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import pyrage
import pytest
from ruamel.yaml import YAML

from fairlead.secrets.identities import keys
from fairlead.secrets.sops.document import parse
from fairlead.secrets.sops.file import changed, open_document
from fairlead.secrets.sops.recipients import created, rekeyed, rewrapped
from tests.unit.secrets import independent
from tests.unit.secrets.conftest import VECTORS

EXPECTED = {
    "nested": {
        # pragma: allowlist nextline secret
        "db.user": "app", "db.password": "p: 1", "db.port": "5432", "hosts.0": "one", "hosts.1": "two", "rate": "0.25",
        "on": "true", "raw": "bytes", "empty": "", "note_unencrypted": "1e3", "flag_unencrypted": "true",
    },
    "by_expression": {"kind": "Secret", "count": "0x10", "stringData.TOKEN": "tok"},
    "mac_only_encrypted": {"A_secret": "x", "plain": "2026-13-45x"},
    "flat": {"TOKEN": "välue\nline"},
}  # fmt: skip


@pytest.fixture
def identities(tmp_path):
    return keys({"HOME": str(tmp_path), "SOPS_AGE_KEY_FILE": str(VECTORS / "keys.txt")}).identities


def opened(text, identities):
    return open_document(parse(text, "x.yaml"), identities, "no key")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_vector_opens(name, identities):
    text = (VECTORS / f"{name}.yaml").read_text()
    assert opened(text, identities).values == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_vector_with_a_new_data_key_says_the_same(name, identities):
    before = opened((VECTORS / f"{name}.yaml").read_text(), identities)
    other = pyrage.x25519.Identity.generate()
    text = rekeyed(before, [str(other.to_public())])
    after = opened(text, [other])
    assert after.values == EXPECTED[name]
    assert {name: one.kind for name, one in after.plain.items()} == {n: one.kind for n, one in before.plain.items()}
    assert after.key != before.key
    with pytest.raises(Exception, match="no key here opens"):
        opened(text, identities)


def test_comments_are_encrypted_anew_with_the_rest(identities):
    text = (VECTORS / "nested.yaml").read_text()
    again = rekeyed(opened(text, identities), [str(one.to_public()) for one in identities])
    comments = [line for line in again.splitlines() if "type:comment" in line]
    assert len(comments) == 2
    assert not [line for line in comments if line in text]


@pytest.mark.parametrize("name", EXPECTED)
def test_another_recipient_changes_no_value_of_a_vector(name, identities):
    before = opened((VECTORS / f"{name}.yaml").read_text(), identities)
    other = pyrage.x25519.Identity.generate()
    text = rewrapped(before, [*before.document.metadata.recipients, str(other.to_public())])
    assert opened(text, [other]).values == EXPECTED[name]
    assert [line for line in text.splitlines() if "type:" in line and "mac:" not in line] == [
        line for line in before.document.text.splitlines() if "type:" in line and "mac:" not in line
    ]


def test_a_nested_value_is_changed_in_its_place(identities):
    before = opened((VECTORS / "nested.yaml").read_text(), identities)
    text = changed(before, {"db.password": "new", "hosts.1": "drei", "empty": "full", "on": "x", "db.user": ""})
    wanted = EXPECTED["nested"] | {"db.password": "new", "hosts.1": "drei", "empty": "full", "on": "x", "db.user": ""}
    assert opened(text, identities).values == wanted
    old, new = before.document.text.splitlines(), text.splitlines()
    assert len(old) == len(new)
    assert len([1 for a, b in zip(old, new, strict=True) if a != b]) == 5 + 2  # and mac, lastmodified


def test_what_we_write_the_independent_reader_reads(identity, me):
    text = created({"A": "välue: 1", "B": "", "NULL": "x"}, [me], "x.yaml")
    assert re.search(
        r"^sops:\n    age:\n        - recipient: age1\w+\n          enc: \|\n            -----BEGIN", text, re.M
    )
    lines = dict(re.findall(r'^ *"?(\w+)"?: (.+)$', text, re.M))
    key = independent.data_key(text, identity)
    assert independent.unseal(lines["A"], "A:", key) == ("välue: 1".encode(), "str")
    assert lines["B"] == '""'
    assert '"NULL": ENC[' in text  # else YAML takes the key for nothing at all
    hashed = hashlib.sha512("välue: 1x".encode()).hexdigest().upper().encode()
    assert independent.unseal(lines["mac"], lines["lastmodified"].strip('"'), key) == (hashed, "str")


def test_the_same_as_json_is_read_and_changed(identities):
    """sops writes JSON with tabs; its values are those of the YAML, its section too."""
    plain = YAML(typ="safe", pure=True).load((VECTORS / "nested.yaml").read_text())
    text = json.dumps(plain, indent="\t") + "\n"
    before = opened(text, identities)
    wanted = EXPECTED["nested"] | {"note_unencrypted": "1000.0"}
    assert before.values == wanted
    after = changed(before, {"db.password": "new", "ADDED": "ä", "empty": "full"})
    assert opened(after, identities).values == wanted | {
        "db.password": "new",
        "ADDED": "ä",
        "empty": "full",
    }
    assert list(json.loads(after)) == [*(name for name in plain if name != "sops"), "ADDED", "sops"]


def sops(*argv, key, cwd):
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "SOPS_AGE_KEY": str(key)}
    return subprocess.run(["sops", *argv], env=env, cwd=cwd, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(
    shutil.which("sops") is None, reason="sops is not installed; the docs say that this is unproven then"
)
def test_sops_reads_what_we_write_and_we_read_what_it_changed(tmp_path, identity, me):
    path = tmp_path / "x.yaml"
    path.write_text(created({"A": "välue: 1", "B": "", "NULL": "line\nline"}, [me], "x.yaml"))
    assert json.loads(sops("decrypt", "--output-type", "json", "x.yaml", key=identity, cwd=tmp_path)) == {
        "A": "välue: 1", "B": "", "NULL": "line\nline",
    }  # fmt: skip
    sops("set", "x.yaml", '["C"]', '"new"', key=identity, cwd=tmp_path)
    after = opened(path.read_text(), [identity])
    assert after.values == {"A": "välue: 1", "B": "", "NULL": "line\nline", "C": "new"}
    path.write_text(rekeyed(after, [me]))
    assert "new" in sops("decrypt", "x.yaml", key=identity, cwd=tmp_path)
