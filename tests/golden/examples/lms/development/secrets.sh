#!/bin/sh
# Made by `fairlead render development`. Makes in the folder FAIRLEAD_SECRETS what compose.yaml needs:
# a file for each secret, and compose.env with those that are variables. What is there stays; what follows
# from it is made anew. Needs openssl. Run it again before certificates end: what it prints is to be restarted then.
#
#   FAIRLEAD_SECRETS=/etc/lms sh secrets.sh
#   docker compose --env-file /etc/lms/compose.env -f compose.yaml up
set -eu
command -v openssl >/dev/null || { echo "openssl is needed" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)
folder=${FAIRLEAD_SECRETS:?name the folder that has a file for each secret}
mkdir -p "$folder"
chmod 700 "$folder" # its files are for containers, which run as somebody this machine does not know
cd "$folder"
folder=$(pwd)
umask 022
missing= unfit= renewed=
tab=$(printf '\t') return=$(printf '\r')

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
# URL DATABASE ROLE PASSWORD: by the shell alone, since whoever is on the machine sees what programs are called with
login() {
    to=$(at "$1" "$2")
    rest=${to#*://}
    where=${rest%%[/?]*}
    printf '%s://%s:%s@%s%s' "${to%%://*}" "$3" "$4" "${where##*@}" "${rest#"$where"}"
}
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
# NAME DOCUMENT: the public part of a key pair (RFC 7517), by its thumbprint (RFC 7638)
jwks() {
    [ -e "$1" ] || return 0
    about=$(openssl pkey -in "$1" -noout -text 2>/dev/null || :)
    case $about in
    *ED25519*)
        x=$(openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | base64url)
        members="{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"$x\"}" algorithm=EdDSA
        ;;
    *"publicExponent: 65537 "*)
        n=$(openssl rsa -in "$1" -noout -modulus)
        n=$((${#n} / 2 - 4)) # hex digits, after Modulus=
        der() { openssl rsa -in "$1" -RSAPublicKey_out -outform DER 2>/dev/null; }
        n=$(der "$1" | tail -c "$((n + 5))" | head -c "$n" | base64url)
        members="{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"$n\"}" algorithm=RS256
        ;;
    *) unfit="$unfit $1 (no key that signs)"; return 0 ;;
    esac
    kid=$(printf %s "$members" | openssl dgst -sha256 -binary | base64url)
    follows "$2" "{\"keys\": [${members%\}},\"kid\":\"$kid\",\"use\":\"sig\",\"alg\":\"$algorithm\"}]}"
}
# NAME DOCUMENT: the list of keys that count
keys() { follows "$2" "[\"$(quoted "$1")\"]"; }

# how a value is written where a template has it
raw() { printf %s "$(value "$1")"; }
joined() { awk -v between="$1" 'NR > 1 { printf "%s", between } { printf "%s", $0 }'; }
quoted() { raw "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e "s/$tab/\\\\t/g" -e "s/$return/\\\\r/g" | joined '\\n'; }
doubled() { raw "$1" | sed "s/'/''/g"; }
reference() {
    raw "$1" | sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e 's/"/\&quot;/g' -e "s/'/\&apos;/g" \
        -e "s/$tab/\&#9;/g" -e "s/$return/\&#13;/g" | joined '&#10;'
}
# FILE NAME HOW: whether what a template makes of a value is what its reader finds
fit() {
    [ -e "$2" ] || return 0
    said=$(value "$2")
    lines=$(printf '%s\n' "$said" | wc -l)
    case $3 in
    number) printf %s "$said" | grep -Eqx -e '-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?|true|false|null' ;;
    plain) [ "$lines" -eq 1 ] && printf %s "$said" | grep -Eqx '[A-Za-z0-9_./][A-Za-z0-9_./+=@-]*' ;;
    doubled) [ "$lines" -eq 1 ] && ! printf %s "$said" | LC_ALL=C grep -q '[[:cntrl:]]' ;;
    quoted | reference) ! printf %s "$said" | tr -d '\n\r\t' | LC_ALL=C grep -q '[[:cntrl:]]' ;;
    esac && [ -n "$said" ] || unfit="$unfit $2 (in $1)"
}
authority() {
    [ -s authority.crt ] || (
        umask 077
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -keyout authority.key \
            -out .authority.new -subj "/CN=Fairlead, lms" -addext keyUsage=critical,keyCertSign 2>/dev/null
        mv .authority.new authority.crt
        chmod 644 authority.crt
    )
}
# NAME FILE SERVICE: a copy of a file that was given; its way begins where this script lies
copy() {
    if [ -r "$2" ]; then
        [ ! -e "$1" ] || [ "$(cat "$1")" = "$(cat "$2")" ] || renew "$3"
        cat "$2" >".$1.new" && mv ".$1.new" "$1"
    else
        missing="$missing $1"
    fi
}
renew() { case " $renewed " in *" $1 "*) ;; *) renewed="$renewed $1" ;; esac; }
# NAME PREFIX SERVICE NAMES: a certificate of an authority of its own, for a year. One that ends within 120 days, or is
# for other names, is made anew; one that somebody else made stays.
certificate() {
    authority
    names="DNS:$1,DNS:localhost,IP:127.0.0.1${4:-}"
    if [ ! -s "$2_CERTIFICATE" ]; then
        issue "$1" "$2" "$names"
    elif openssl verify -no_check_time -CAfile authority.crt "$2_CERTIFICATE" >/dev/null 2>&1; then
        if ! openssl x509 -in "$2_CERTIFICATE" -noout -checkend 10368000 >/dev/null ||
            openssl x509 -in "$2_CERTIFICATE" -noout -checkend 34560000 >/dev/null ||
            [ "$(cat ".$2.names" 2>/dev/null)" != "$names" ]; then
            issue "$1" "$2" "$names"
            renew "$3"
        fi
    fi
    cat authority.crt >"$2_CA"
}
# PREFIX: the same certificate, and after it those of the public authorities that this machine trusts
authorities() {
    for bundle in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt \
        /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
        [ ! -r "$bundle" ] || break
    done
    [ -r "$bundle" ] || echo "no public authorities are here (Debian: ca-certificates): $1_AUTHORITIES has none" >&2
    { cat "$1_CA"; [ ! -r "$bundle" ] || cat "$bundle"; } >".$1.new"
    mv ".$1.new" "$1_AUTHORITIES"
}
# NAME PREFIX NAMES
issue() {
    rm -f ".$2.names" # whoever ends between the two files below begins anew
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout .key -out .csr -subj "/CN=$1" 2>/dev/null
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$3" >.extensions
    openssl x509 -req -in .csr -CA authority.crt -CAkey authority.key -set_serial "0x$(openssl rand -hex 16)" \
        -days 365 -extfile .extensions -out .leaf 2>/dev/null
    chmod 644 .key
    cat .leaf authority.crt >".$2.new"
    mv .key "$2_CERTIFICATE_KEY"
    mv ".$2.new" "$2_CERTIFICATE"
    printf %s "$3" >".$2.names"
    rm -f .csr .leaf .extensions
}
# NAME: whether every Compose reads its line as it is: each has its own mind of a backslash between quotes
told() {
    case $(value "$1") in
    *\\*) ;;
    *) return 0 ;;
    esac
    case $(value "$1") in
    *[\'\"\$\#[:space:]]*) unfit="$unfit $1 (in compose.env)" ;;
    esac
}
# NAME: a line of the variables
line() {
    case $(value "$1") in
    *\\*) printf '%s=%s\n' "$1" "$(value "$1")" ;;
    *) printf "%s='%s'\n" "$1" "$(sed "s/'/\\\\'/g" "$1")" ;;
    esac
}

make DB_PASSWORD password 32
make DB_LMS_MIGRATOR_PASSWORD password 32
make JWT_SECRET urlsafe 64
make DB_LMS_API_PASSWORD password 32
make CACHE_PASSWORD password 32
certificate db DB db
follows DB_LMS_API_URL postgresql://lms_api_a:"$(phrase DB_LMS_API_PASSWORD)"'@db:5432/lms?sslmode=verify-full&sslrootcert=/run/secrets/DB_CA'
follows CACHE_URL redis://:"$(encoded CACHE_PASSWORD)"@cache:6379/0
told CACHE_URL
told DB_LMS_API_URL

[ -z "$unfit" ] || {
    echo "another value is needed, one that changes nothing else where it stands, for:$unfit" >&2
    exit 1
}
[ -z "$missing" ] || {
    echo "write a file in $folder for each of:$missing" >&2
    exit 1
}
(
    umask 077
    {
        printf "FAIRLEAD_SECRETS='%s'\n" "$folder"
        line CACHE_URL
        line DB_LMS_API_URL
    } >.compose.env.new
)
mv .compose.env.new compose.env
[ -z "$renewed" ] || echo $renewed
