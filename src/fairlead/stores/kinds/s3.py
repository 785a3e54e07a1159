"""S3: MinIO in a container, `rclone serve s3` as a program of this machine."""

from __future__ import annotations

import hashlib
import shlex
import ssl

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.project.access import encryption_name, password_name
from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground, certificate
from fairlead.render.stores.s3 import KEY, S3Shape, start_contained
from fairlead.stores.base import Reach, Values
from fairlead.stores.kinds.buckets import have_bucket
from fairlead.stores.renewal import Reading
from fairlead.system import http

PLAIN_FOLDERS = {"RCLONE_CONFIG_KEPT_DIRECTORY_NAME_ENCRYPTION": "false"}
WAIT = 2.0  #: seconds for an answer
LOOK = 10.0  #: seconds for its certificate: nobody waits for that
NAME = "localhost"  #: that every certificate of a store is for


class S3(S3Shape):
    """An S3 of Fairlead's."""

    programs: tuple[str, ...] = ("rclone",)

    def files(self, store: Store, ground: Ground, values: Values) -> dict[str, str]:
        """Only what it is given as values."""
        secret = values[password_name(store.name)]
        user, password = user_of(secret).reveal(), secret.reveal()
        key = {"encryption": values[encryption_name(store.name)].reveal()} if store.encrypted else {}
        if ground.contained:
            keys = {name: f"{KEY}:{text}" for name, text in key.items()}
            return {"user": user, "password": password} | keys | start_contained(store, ground)
        return {"auth": _listed(f"{user},{password}"), "start.sh": _start(store, ground)} | key

    def env(self, store: Store, ground: Ground) -> dict[str, str]:
        """How what is kept is encrypted."""
        if ground.contained:
            return super().env(store, ground)
        if not store.encrypted:
            return {}
        remote = {"TYPE": "crypt", "REMOTE": ground.data, "FILENAME_ENCRYPTION": "off"}
        return {f"RCLONE_CONFIG_KEPT_{key}": value for key, value in remote.items()} | PLAIN_FOLDERS

    def ask(self, store: Store, ground: Ground, reach: Reach) -> str:
        """Whoever asks without a key is refused by one that is well."""
        address = reach.address()
        if address is None:
            return "" if ground.contained else "it has no address"
        answer = http.get(address.port, "/", WAIT, host=address.host, tls=_tls(ground))
        return "" if 0 < answer.status < 500 else answer.error or f"it answers {answer.status}"

    def settle(self, store: Store, ground: Ground, reach: Reach, values: Values) -> None:
        """Its buckets."""
        address, secret = reach.address(), values[password_name(store.name)]
        for bucket in store.buckets:
            if address is None:
                hint = "have it in a network that this machine reaches, backend say"
                raise FairleadError(f"store {store.name}: bucket {bucket} cannot be made from here", hint)
            have_bucket(address, bucket, user_of(secret).reveal(), secret, _tls(ground))

    def reload(self, ground: Ground, reach: Reach, pem: str) -> Reading:
        """Nothing is told: MinIO looks at its files again by itself, rclone reads them once. What it shows tells."""
        address, tls = reach.address(), _tls(ground)
        if address is None or tls is None:
            return "old"
        try:
            shown = http.certificate_shown(address.host, address.port, LOOK, tls)
        except ssl.SSLCertVerificationError:
            return "unknown"
        except OSError:  # it does not answer now, which says nothing of its certificate
            return "old"
        return "read" if shown == ssl.PEM_cert_to_DER_cert(_first(pem)) else "old"


def _first(pem: str) -> str:
    """Its own, without those of its issuers."""
    begin, _, rest = pem.partition(ssl.PEM_FOOTER)
    return f"{begin}{ssl.PEM_FOOTER}" if rest or begin else ""


def _tls(ground: Ground) -> http.Tls | None:
    """By the name that its certificate has wherever it runs."""
    return http.Tls(http.trusting(ground.authority), NAME) if ground.authority else None


def user_of(password: Secret) -> Secret:
    """The access key: it follows from the password, so that there is one secret to keep."""
    return Secret("FL" + hashlib.sha256(b"access key\0" + password.reveal().encode()).hexdigest()[:18].upper())


def _listed(text: str) -> str:
    """As one item of a list in CSV."""
    return '"' + text.replace('"', '""') + '"'


def _start(store: Store, ground: Ground) -> str:
    """What is encrypted goes through a remote of its own."""
    rclone, data = shlex.quote(ground.program("rclone")), shlex.quote(ground.data)
    secrets = {"RCLONE_AUTH_KEY": 'cat "$conf/auth"'}
    secrets |= {"RCLONE_CONFIG_KEPT_PASSWORD": f'{rclone} obscure - < "$conf/encryption"'} if store.encrypted else {}
    lines = "".join(f"{name}=$({command})\nexport {name}\n" for name, command in secrets.items())
    served = "kept:" if store.encrypted else data
    cert, key = (shlex.quote(path) for path in certificate(store, ground))
    tls = f"--cert {cert} --key {key} " if store.tls else ""
    return f"""#!/bin/sh
set -eu
conf=$(dirname "$0")
mkdir -p {data}
{lines}exec {rclone} serve s3 --addr 127.0.0.1:{ground.port} --config "" {tls}--vfs-cache-mode off {served}
"""
