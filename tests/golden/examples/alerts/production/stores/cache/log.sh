#!/bin/sh
password=$(sed 's/[\\"]/\\&/g' /run/secrets/CACHE_PASSWORD)
redis-cli -h 127.0.0.1 -p 6379 <<END >/dev/null
AUTH "$password"
CONFIG SET appendonly yes
END
