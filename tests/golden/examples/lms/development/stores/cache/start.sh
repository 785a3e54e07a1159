#!/bin/sh
set -eu
password=$(sed 's/[\\"]/\\&/g' /run/secrets/CACHE_PASSWORD)
exec redis-server - <<END
$(cat /etc/fairlead/redis.conf)
requirepass "$password"
END
