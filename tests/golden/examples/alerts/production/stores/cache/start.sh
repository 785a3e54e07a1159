#!/bin/sh
set -eu
password=$(sed 's/[\\"]/\\&/g' /run/secrets/CACHE_PASSWORD)
log=yes
if [ -e /data/dump.rdb ] && [ ! -e /data/appendonly.aof ] && [ ! -e /data/appendonlydir/appendonly.aof.manifest ]; then
    log=no
    (until sh /etc/fairlead/ask.sh; do sleep 1; done; sh /etc/fairlead/log.sh) &
fi
exec redis-server - <<END
$(cat /etc/fairlead/redis.conf)
requirepass "$password"
appendonly $log
END
