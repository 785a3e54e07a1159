#!/bin/sh
set -eu
case ${1:-} in -*) set -- traefik "$@" ;; esac # options alone are Traefik's
if traefik "$1" --help >/dev/null 2>&1; then   # so is a command of it
    set -- traefik "$@"
fi
exec "$@"
