#!/bin/sh
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE DATABASE template_postgis IS_TEMPLATE true;
SQL
for name in template_postgis "$POSTGRES_DB"; do
    echo 'CREATE EXTENSION IF NOT EXISTS postgis; CREATE EXTENSION IF NOT EXISTS postgis_topology;' |
        psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$name"
done
