#!/bin/sh
# What the official image does at its start, in the variables it knows.
set -eu

die() { echo "$*" >&2; exit 1; }

# NAME DEFAULT: the variable NAME from itself or from the file that NAME_FILE names.
from_file() {
    eval "value=\${$1:-} file=\${${1}_FILE:-}"
    [ -z "$value" ] || [ -z "$file" ] || die "error: both $1 and ${1}_FILE are set (but are exclusive)"
    [ -z "$file" ] || value=$(cat "$file")
    [ -n "$value" ] || value=${2:-}
    export "$1=$value"
    unset "${1}_FILE"
}

as_postgres() {
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA" || true
    chmod 3775 /var/run/postgresql || true
    find "$PGDATA" ! -user postgres -exec chown postgres '{}' +
    find /var/run/postgresql ! -user postgres -exec chown postgres '{}' +
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
}

sql() { PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"; }

make_database() {
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA" || true
    passwords=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" >"$passwords"
    # shellcheck disable=SC2086 - the variable holds options
    initdb --username="$POSTGRES_USER" --pwfile="$passwords" ${POSTGRES_INITDB_ARGS:-}
    rm "$passwords"
    method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

process() {
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh)
                echo "$0: running $file"
                # shellcheck disable=SC1090 - a file of the user
                if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) echo "$0: running $file"; sql --dbname "$POSTGRES_DB" -f "$file" ;;
            *.sql.gz) echo "$0: running $file"; gunzip -c "$file" | sql --dbname "$POSTGRES_DB" ;;
            *) echo "$0: ignoring $file" ;;
        esac
    done
}

fill_database() {
    # reachable by nobody else while it is filled
    pg_ctl -D "$PGDATA" -o "$(options "$@") -c listen_addresses='' -p 5432" -w start
    export PGPASSWORD="$POSTGRES_PASSWORD"
    if [ "$POSTGRES_DB" != postgres ]; then
        echo 'CREATE DATABASE :"db";' | sql --dbname postgres --set db="$POSTGRES_DB"
    fi
    process
    pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD
    echo 'PostgreSQL init process complete; ready for start up.'
}

# Arguments as one string in which pg_ctl's shell finds them again.
options() {
    shift # postgres
    for word in "$@"; do printf "'%s' " "$(printf %s "$word" | sed "s/'/'\\\\''/g")"; done
}

case ${1:-} in -*) set -- postgres "$@" ;; esac
[ "${1:-}" = postgres ] || exec "$@"
[ "$(id -u)" != 0 ] || as_postgres "$@"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    from_file POSTGRES_PASSWORD
    from_file POSTGRES_USER postgres
    from_file POSTGRES_DB "$POSTGRES_USER"
    from_file POSTGRES_INITDB_ARGS
    [ -n "$POSTGRES_PASSWORD" ] || [ "${POSTGRES_HOST_AUTH_METHOD:-}" = trust ] ||
        die "Error: Database is uninitialized and superuser password is not specified." \
            "You must specify POSTGRES_PASSWORD to a non-empty value for the superuser"
    make_database
    fill_database "$@"
fi
exec "$@"
