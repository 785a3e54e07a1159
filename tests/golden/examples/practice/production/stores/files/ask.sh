#!/bin/sh
mkdir -p /data/documents || exit 1
for table in /proc/net/tcp /proc/net/tcp6; do
    while read -r _ here _ state _; do
        case "$here $state" in *:2328\ 0A) exit 0 ;; esac
    done <"$table"
done
exit 1
