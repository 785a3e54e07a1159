#!/bin/sh
set -eu
mkdir -p /tmp/certificates
ln -sf /run/secrets/FILES_CERTIFICATE /tmp/certificates/public.crt
ln -sf /run/secrets/FILES_CERTIFICATE_KEY /tmp/certificates/private.key
exec docker-entrypoint.sh minio server /data --certs-dir /tmp/certificates
