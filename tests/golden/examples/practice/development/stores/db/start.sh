#!/bin/sh
set -eu
if [ -e /var/lib/postgresql/data/.first-start ]; then
    rm -rf "$PGDATA"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -e /var/lib/postgresql/data/PG_VERSION ]; then
        echo "/var/lib/postgresql/data is a cluster of its own, and an empty one would begin beside it: move its files into" \
            "/var/lib/postgresql/data/main, or copy it with pg_dumpall into a volume that is new" >&2
        exit 1
    fi
    : > /var/lib/postgresql/data/.first-start
fi
(umask 077; cp /run/secrets/DB_CERTIFICATE_KEY /run/postgresql/server.key)
(sh /etc/fairlead/settle.sh &)
if [ -e /etc/fairlead/tuned ]; then
    while IFS= read -r line; do
        case "$line" in
        shared_preload_libraries=*)
            for folder in "$(pg_config --pkglibdir 2>/dev/null)" /usr/local/lib/postgresql /usr/lib/postgresql/*/lib; do
                grep -qs '^ *shared_preload_libraries' "$PGDATA"/postgresql*.conf && break
                if [ -e "$folder/pg_stat_statements.so" ]; then
                    set -- "$@" "--$line"
                    break
                fi
            done
            ;;
        *) set -- "$@" "--$line" ;;
        esac
    done < /etc/fairlead/tuned
fi
exec docker-entrypoint.sh postgres "$@"
