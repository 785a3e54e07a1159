#!/bin/sh
set -eu
if [ -e /var/lib/postgresql/data/.first-start ]; then
    rm -rf "$PGDATA"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : > /var/lib/postgresql/data/.first-start
fi
(umask 077; cp /run/secrets/DB_CERTIFICATE_KEY /run/postgresql/server.key)
(sh /etc/fairlead/settle.sh &)
exec docker-entrypoint.sh postgres "$@"
