"""The document beside a signing key, against the vectors of RFC 7638 and RFC 8037 and against `cryptography`."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.secrets.generate import generate
from fairlead.secrets.keyset import key_list, key_set, public_jwk, thumbprint

RFC_7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cb"  # pragma: allowlist secret
    "bfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"  # pragma: allowlist secret
    "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5"  # pragma: allowlist secret
    "v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6"  # pragma: allowlist secret
    "qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM"  # pragma: allowlist secret
    "4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJ"  # pragma: allowlist secret
    "zKnqDKgw",
    "e": "AQAB",
}


def test_the_thumbprint_of_rfc_7638():
    assert thumbprint(RFC_7638) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"  # pragma: allowlist secret


def test_the_key_of_rfc_8037():
    raw = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")  # pragma: allowlist secret
    key = Ed25519PrivateKey.from_private_bytes(raw)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    jwk = public_jwk("K", Secret(pem))
    assert jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"  # pragma: allowlist secret
    assert jwk["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # pragma: allowlist secret


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_set_has_public_keys_alone_the_one_that_signs_first(kind):
    keys = [generate(kind), generate(kind)]
    found = json.loads(key_set("K", keys))["keys"]
    assert [one["kid"] for one in found] == [public_jwk("K", key)["kid"] for key in keys]
    assert all("d" not in one and "PRIVATE" not in json.dumps(one) for one in found)
    assert {one["alg"] for one in found} == {{"ed25519": "EdDSA", "rsa": "RS256"}[kind]}


def test_what_the_private_key_signs_the_set_verifies():
    key = generate("ed25519")
    raw = base64.urlsafe_b64decode(public_jwk("K", key)["x"] + "=")
    signature = load_pem_private_key(key.reveal().encode(), None).sign(b"text")
    Ed25519PublicKey.from_public_bytes(raw).verify(signature, b"text")


def test_shared_keys_are_a_list():
    assert json.loads(key_list([Secret("new key"), Secret('old "key"')])) == ["new key", 'old "key"']


@pytest.mark.parametrize("value", ["", "plain", "-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_said_without_showing_it(value):
    with pytest.raises(FairleadError, match="K holds is no private key") as caught:
        public_jwk("K", Secret(value))
    assert not value or value not in str(caught.value)
