#!/bin/sh
set -eu
[ "$(clamdscan --config-file=/etc/clamav/clamd.conf --ping 1 | tail -1)" = PONG ]
echo "Clamd is up"
