"""A MinIO in its container. Pure."""

from __future__ import annotations

from fairlead.project.access import access_key_name, kms_name, password_name
from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground, certificate
from fairlead.render.stores.plain import PRESETS

KEY = "fairlead"  #: what MinIO calls the key with which it encrypts
CERTIFICATES = "/tmp/certificates"  # noqa: S108 — a folder of the container, in memory
LISTENS = "0A"  #: of a socket, in /proc/net


class S3Shape:
    """The container of one."""

    port = 9000
    stop_signal = "SIGTERM"

    def certified(self, store: Store) -> bool:
        """Where it is asked by https."""
        return store.tls

    def image(self, store: Store) -> str:
        """The usual one."""
        return PRESETS["minio"].image

    def user(self, store: Store) -> str | None:
        """As the image says."""
        return None

    def keeps(self, store: Store) -> str:
        """As the usual image has it."""
        return "/data"

    def argv(self, store: Store, ground: Ground) -> tuple[str, ...]:
        """Of a program of this machine a script, since rclone reads no secret from a file; of MinIO one where it has a
        certificate, which needs the name that MinIO looks for."""
        return ("server", "/data") if ground.contained and not store.tls else ("sh", f"{ground.conf}/start.sh")

    def env(self, store: Store, ground: Ground) -> dict[str, str]:
        """Where MinIO finds its user, its password and its key."""
        user, password, key = f"{ground.conf}/user", f"{ground.conf}/password", f"{ground.conf}/encryption"
        if ground.secrets:
            user, password = (f"{ground.secrets}/{one(store.name)}" for one in (access_key_name, password_name))
            key = f"{ground.secrets}/{kms_name(store.name)}"
        files = {"MINIO_ROOT_USER_FILE": user, "MINIO_ROOT_PASSWORD_FILE": password}
        kms = {"MINIO_KMS_SECRET_KEY_FILE": key, "MINIO_KMS_AUTO_ENCRYPTION": "on"}
        return files | (kms if store.encrypted else {})


def start_contained(store: Store, ground: Ground) -> dict[str, str]:
    """By file: the image's own way, once its certificate lies where MinIO looks for it. Links, so that another one is
    found there."""
    if not store.tls:
        return {}
    cert, key = certificate(store, ground)
    script = f"""#!/bin/sh
set -eu
mkdir -p {CERTIFICATES}
ln -sf {cert} {CERTIFICATES}/public.crt
ln -sf {key} {CERTIFICATES}/private.key
exec docker-entrypoint.sh minio server {ground.data} --certs-dir {CERTIFICATES}
"""
    return {"start.sh": script}


def files_beside(store: Store, ground: Ground) -> dict[str, str]:
    """How it is asked, by nothing but a shell: its image has few programs. A folder in its data is a bucket."""
    folders = " ".join(f"{ground.data}/{name}" for name in store.buckets)
    made = f"mkdir -p {folders} || exit 1\n" if folders else ""
    return start_contained(store, ground) | {
        "ask.sh": f"""#!/bin/sh
{made}for table in /proc/net/tcp /proc/net/tcp6; do
    while read -r _ here _ state _; do
        case "$here $state" in *:{ground.port:04X}\\ {LISTENS}) exit 0 ;; esac
    done <"$table"
done
exit 1
"""
    }
