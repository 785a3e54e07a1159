#!/bin/sh
# Made by `fairlead render development`. Makes in the folder FAIRLEAD_SECRETS what compose.yaml needs:
# a file for each secret, and compose.env with those that are variables. What is there stays; what follows
# from it is made anew. Needs openssl.
#
#   FAIRLEAD_SECRETS=/etc/alerts sh secrets.sh
#   docker compose --env-file /etc/alerts/compose.env -f compose.yaml up
set -eu
command -v openssl >/dev/null || { echo "openssl is needed" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)
folder=${FAIRLEAD_SECRETS:?name the folder that has a file for each secret}
mkdir -p "$folder"
chmod 700 "$folder" # its files are for containers, which run as somebody this machine does not know
cd "$folder"
folder=$(pwd)
umask 022
missing=

password() { openssl rand -base64 "$(($1 * 4))" | tr -dc A-Za-z0-9 | head -c "$1"; }
hex() { openssl rand -hex "$1" | head -c "$1"; }
base64() { openssl rand -base64 "$1" | tr -d '\n'; }
urlsafe() { openssl rand -base64 "$1" | tr '+/' '-_' | tr -d '=\n'; }
rsa() { openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$1" 2>/dev/null; }
ed25519() { openssl genpkey -algorithm ED25519; }
uuid() { openssl rand -hex 16 | sed 's/\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)/\1-\2-4\3-a\4-/'; }

# NAME COMMAND...: made once
make() {
    name=$1; shift
    [ -s "$name" ] || { "$@" >".$name.new" && mv ".$name.new" "$name"; }
}
# NAME: whoever runs this has to say it
given() { [ -e "$1" ] || missing="$missing $1"; }
# NAME: it may be left out
optional() { [ -e "$1" ] || : >"$1"; }
# NAME VALUE: follows from what is there
follows() { printf %s "$2" >".$1.new" && mv ".$1.new" "$1"; }
value() { [ ! -e "$1" ] || cat "$1"; }
url() {
    case $1 in
    *[!A-Za-z0-9._~-]*) printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g' ;;
    *) printf %s "$1" ;;
    esac
}
encoded() { url "$(value "$1")"; }
phrase() { url "$(value "$1" | sed 's/^[ab]://')"; }
user() {
    printf FL
    { printf 'access key\0'; value "$1"; } | openssl dgst -sha256 -r | head -c 18 | tr a-f A-F
}
# URL DATABASE
at() { printf %s "$1" | sed "s|^\([a-z+]*://[^/?]*\)[^?]*|\1/$2|"; }
# URL DATABASE ROLE PASSWORD
login() { at "$1" "$2" | sed "s|^\([a-z+]*://\)\([^/?]*@\)*|\1$3:$4@|"; }
authority() {
    [ -s authority.crt ] || (
        umask 077
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -keyout authority.key \
            -out .authority.new -subj "/CN=Fairlead, alerts" -addext keyUsage=critical,keyCertSign 2>/dev/null
        mv .authority.new authority.crt
        chmod 644 authority.crt
    )
}
# NAME FILE: a copy of a file that was given; its way begins where this script lies
copy() {
    if [ -r "$2" ]; then cat "$2" >".$1.new" && mv ".$1.new" "$1"; else missing="$missing $1"; fi
}
# NAME PREFIX NAMES: a certificate of an authority of its own, for 10 years
certificate() {
    authority
    [ -s "$2_CERTIFICATE" ] || {
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$2_CERTIFICATE_KEY" -out .csr \
            -subj "/CN=$1" 2>/dev/null
        printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1%s\nextendedKeyUsage=serverAuth\n' "$1" "${3:-}" \
            >.extensions
        openssl x509 -req -in .csr -CA authority.crt -CAkey authority.key -set_serial "0x$(openssl rand -hex 16)" \
            -days 3650 -extfile .extensions -out .leaf 2>/dev/null
        chmod 644 "$2_CERTIFICATE_KEY"
        cat .leaf authority.crt >".$2.new"
        mv ".$2.new" "$2_CERTIFICATE"
        rm -f .csr .leaf .extensions
    }
    cat authority.crt >"$2_CA"
}
# NAME: a line of the variables
line() { printf "%s='%s'\n" "$1" "$(sed "s/'/\\\\'/g" "$1")"; }

make DB_PASSWORD password 32
make JWT_SECRET urlsafe 64
make SERVICE_ROLE_KEY password 32
make REALTIME_KEY base64 48
make CACHE_PASSWORD password 32
make PUSH_KEY password 32
certificate db DB
follows DB_ALERTS_URL postgresql://alerts:"$(encoded DB_PASSWORD)"'@db:5432/alerts?sslmode=verify-full&sslrootcert=/run/secrets/DB_CA'
follows CACHE_URL redis://:"$(encoded CACHE_PASSWORD)"@cache:6379/0

[ -z "$missing" ] || {
    echo "write a file in $folder for each of:$missing" >&2
    exit 1
}
(
    umask 077
    {
        printf "FAIRLEAD_SECRETS='%s'\n" "$folder"
        line CACHE_URL
        line DB_ALERTS_URL
        line DB_PASSWORD
        line JWT_SECRET
        line REALTIME_KEY
    } >.compose.env.new
)
mv .compose.env.new compose.env
