"""SOPS written a second time, from the description of the format alone: what the vectors in `vectors/` were made by.

It shares no code with the package: AES-GCM through the low-level interface of another module, YAML by hand. Run it to
make the vectors anew: `python -m tests.unit.secrets.independent FOLDER`.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY = bytes(range(32))
MOMENT = "2026-01-02T03:04:05Z"
LINES = "välue\nline".encode()


def seal(data, path, kind="str", key=KEY):
    nonce = hashlib.sha256(b"nonce" + path.encode() + data).digest()
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(path.encode())
    sealed = encryptor.update(data) + encryptor.finalize()
    parts = [base64.standard_b64encode(part).decode() for part in (sealed, nonce, encryptor.tag)]
    return f"ENC[AES256_GCM,data:{parts[0]},iv:{parts[1]},tag:{parts[2]},type:{kind}]"


def unseal(text, path, key):
    parts = re.fullmatch(r"ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]", text)
    data, nonce, tag = (base64.standard_b64decode(part) for part in parts.groups()[:3])
    assert (len(nonce), len(tag)) == (32, 16)
    decryptor = Cipher(algorithms.AES(key), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(path.encode())
    return decryptor.update(data) + decryptor.finalize(), parts[4]


def data_key(text, identity):
    armored = re.search(r"-----BEGIN AGE ENCRYPTED FILE-----.*?-----END AGE ENCRYPTED FILE-----", text, re.S)[0]
    return pyrage.decrypt("\n".join(line.strip() for line in armored.splitlines()).encode(), [identity])


def section(recipient, hashed, rule, extra="", key=KEY):
    armored = pyrage.encrypt(key, [pyrage.x25519.Recipient.from_str(recipient)], armored=True).decode()
    lines = "".join(f"            {line}\n" for line in armored.splitlines())
    mac = seal(hashlib.sha512(hashed).hexdigest().upper().encode(), MOMENT, key=key)
    return (
        f"sops:\n    kms: []\n    gcp_kms: []\n    age:\n        - recipient: {recipient}\n          enc: |\n{lines}"
        f'    lastmodified: "{MOMENT}"\n    mac: {mac}\n    pgp: []\n    {rule}\n{extra}    version: 3.9.0\n'
    )


def nested(recipient):
    return (
        f"#{seal(b' who may do what', ':', 'comment')}\n"
        f"db:\n    user: {seal(b'app', 'db:user:')}\n    password: {seal(b'p: 1', 'db:password:')}\n"
        f"    #{seal(b' inside', 'db:', 'comment')}\n    port: {seal(b'5432', 'db:port:', 'int')}\n"
        f"hosts:\n    - {seal(b'one', 'hosts:')}\n    - {seal(b'two', 'hosts:')}\n"
        f"rate: {seal(b'0.25', 'rate:', 'float')}\non: {seal(b'True', 'on:', 'bool')}\n"
        f"raw: {seal(b'bytes', 'raw:', 'bytes')}\nnone: null\n"
        'empty: ""\nnote_unencrypted: 1e3\nflag_unencrypted: true\n'
        + section(recipient, b"appp: 15432onetwo0.25Truebytes1000True", "unencrypted_suffix: _unencrypted")
    )


def by_expression(recipient):
    return f"kind: Secret\ncount: 0x10\nstringData:\n  TOKEN: {seal(b'tok', 'stringData:TOKEN:')}\n" + section(
        recipient, b"Secret16tok", "encrypted_regex: ^(data|stringData)$"
    )


def mac_only_encrypted(recipient):
    start = hashlib.sha256(b"sops").digest()
    return f"A_secret: {seal(b'x', 'A_secret:')}\nplain: 2026-13-45x\n" + section(
        recipient, start + b"x", "encrypted_suffix: _secret", "    mac_only_encrypted: true\n"
    )


def flat(recipient):
    """As sops 3.13 writes one: the keys of its section sorted, no empty lists."""
    key = hashlib.sha256(b"another").digest()
    text = section(recipient, LINES, "unencrypted_suffix: _unencrypted", key=key)
    text = text.replace("    kms: []\n    gcp_kms: []\n", "").replace("    pgp: []\n", "")
    return f"TOKEN: {seal(LINES, 'TOKEN:', key=key)}\n" + text


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    identity = pyrage.x25519.Identity.generate()
    (folder / "keys.txt").write_text(f"# public key: {identity.to_public()}\n{identity}\n")
    for make in (nested, by_expression, mac_only_encrypted, flat):
        (folder / f"{make.__name__}.yaml").write_text(make(str(identity.to_public())))
