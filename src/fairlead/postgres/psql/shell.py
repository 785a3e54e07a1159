"""The shell script that calls psql: the address comes from a file, and never stands among arguments. Pure."""

from __future__ import annotations

from fairlead.postgres.connection import CONNECT_TIMEOUT, milliseconds
from fairlead.postgres.failure import TRY_AGAIN
from fairlead.postgres.psql.words import About

_SHELL = r"""#!/bin/sh
# Moves the schema of {database} on, with psql and nothing else. Made by `fairlead render`.
# DATABASE_URL_FILE is the file that has the address; it goes to psql as a service file that nobody else reads.
set -eu
umask 077
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
trap 'exit 143' TERM INT
export FAIRLEAD_BEGUN="$own/begun" PGSERVICEFILE="$own/service" PGSERVICE=fairlead PGAPPNAME='fairlead migrate'
export PGCLIENTENCODING=UTF8 PGCONNECT_TIMEOUT={connect} PGOPTIONS='{options}'

awk '
function decoded(text,    at, made) {{
    made = ""
    while (match(text, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {{
        at = digit(substr(text, RSTART + 1, 1)) * 16 + digit(substr(text, RSTART + 2, 1))
        made = made substr(text, 1, RSTART - 1) sprintf("%c", at)
        text = substr(text, RSTART + 3)
    }}
    return made text
}}
function digit(text) {{ return index("0123456789ABCDEF", toupper(text)) - 1 }}
function said(key, value) {{ if (value != "") print key "=" value }}
NR == 1 {{
    url = $0
    sub(/^[ \t]+/, "", url); sub(/[ \t\r]+$/, "", url)
    if (!sub(/^postgres(ql)?:\/\//, "", url)) exit 1
    print "[fairlead]"
    query = ""
    if (at = index(url, "?")) {{ query = substr(url, at + 1); url = substr(url, 1, at - 1) }}
    name = ""
    if (at = index(url, "/")) {{ name = substr(url, at + 1); url = substr(url, 1, at - 1) }}
    who = ""
    if (match(url, /^.*@/)) {{ who = substr(url, 1, RLENGTH - 1); url = substr(url, RLENGTH + 1) }}
    phrase = ""
    if (at = index(who, ":")) {{ phrase = substr(who, at + 1); who = substr(who, 1, at - 1) }}
    said("user", decoded(who)); said("password", decoded(phrase)); said("dbname", decoded(name))
    many = split(url, each, ",")
    hosts = ports = ""
    for (one = 1; one <= many; one++) {{
        host = each[one]; port = ""
        if (match(host, /:[0-9]+$/)) {{ port = substr(host, RSTART + 1); host = substr(host, 1, RSTART - 1) }}
        gsub(/^\[|\]$/, "", host)
        hosts = hosts (one > 1 ? "," : "") decoded(host); ports = ports (one > 1 ? "," : "") port
    }}
    if (hosts ~ /[^,]/) said("host", hosts)
    if (ports ~ /[^,]/) said("port", ports)
    options = ENVIRON["PGOPTIONS"]
    many = split(query, each, "&")
    for (one = 1; one <= many; one++) {{
        at = index(each[one], "=")
        key = decoded(substr(each[one], 1, at - 1)); value = decoded(substr(each[one], at + 1))
        if (key == "options") options = value " " options; else said(key, value)
    }}
    said("options", options)
}}' "${{DATABASE_URL_FILE:?name the file that has the address}}" >"$PGSERVICEFILE" || {{
    echo "what $DATABASE_URL_FILE holds is no address of a PostgreSQL database" >&2
    exit 1
}}

run() {{
    ended=0
    psql -X -q -f "$here/$1" 2>"$own/said" || ended=$?
    sed '/^psql:.*: LOCATION: /d; /^LOCATION: /d' "$own/said" >&2
}}

# what is a lock that was not to be had is tried again: what is done already stays so
tries=1 pause=1
while :; do
    rm -f "$FAIRLEAD_BEGUN"
    run migrate.sql
    [ "$ended" != 0 ] || exit 0
    grep -Eq ': +({again}):' "$own/said" && [ "$tries" -lt {attempts} ] || break
    sleep "$pause"
    tries=$((tries + 1))
    [ "$pause" -ge 10 ] || pause=$((pause * 2))
done
if [ -e "$FAIRLEAD_BEGUN" ] && [ -e "$here/failed.sql" ]; then run failed.sql; fi
exit 1
"""


def shell(about: About) -> str:
    """The script of a database."""
    given = {
        "lock_timeout": milliseconds(about.lock_timeout), "statement_timeout": milliseconds(about.statement_timeout),
        "idle_in_transaction_session_timeout": milliseconds(max(60.0, about.statement_timeout)),
        "standard_conforming_strings": "on",
    }  # fmt: skip
    return _SHELL.format(
        database=about.database, connect=CONNECT_TIMEOUT, again="|".join(sorted(TRY_AGAIN)), attempts=ATTEMPTS,
        options=" ".join(f"-c {name}={value}" for name, value in given.items()),
    )  # fmt: skip


ATTEMPTS = 20
