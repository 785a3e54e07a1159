#!/bin/sh
# What the official image does at its start. Its Redis is compiled without protected mode: here an option says so.
set -eu

case ${1:-} in -* | *.conf) set -- redis-server "$@" ;; esac
[ "${1:-}" = redis-server ] || exec "$@"
shift
case ${1:-} in
    *.conf)
        conf=$1
        shift
        set -- redis-server "$conf" --protected-mode no "$@" ;;
    *) set -- redis-server --protected-mode no "$@" ;;
esac
if [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis '{}' +
    exec setpriv --reuid redis --regid redis --init-groups "$@"
fi
exec "$@"
