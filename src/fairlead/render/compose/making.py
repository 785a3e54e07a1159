"""The script that makes what a Compose file needs and does not have in it: a file for each secret, and their variables.

It needs a shell and openssl, and nothing of Fairlead: whoever has the rendered files can start them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fairlead.project.access import authority_name, certificate_name, key_name, managed, prefix
from fairlead.project.stack import Generate, Stack
from fairlead.render.compose import edge
from fairlead.render.compose.derived import Derived, Hole, derived

VARIABLES = "compose.env"
_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):[?-]")
_NOT_SECRET = frozenset({"FAIRLEAD_SECRETS", "RELEASE"})
_KEYS = {24: 16, 44: 32, 88: 64, 172: 128, 344: 256}  #: characters of base64 → bytes of a cipher's key
_LENGTHS = {"password": 32, "hex": 64, "base64": 44, "jwt-hs256": 64, "rsa": 3072}

HEAD = r"""#!/bin/sh
# Made by `fairlead render {environment}`. Makes in the folder FAIRLEAD_SECRETS what compose.yaml needs:
# a file for each secret, and {variables} with those that are variables. What is there stays; what follows
# from it is made anew. Needs openssl.
#
#   FAIRLEAD_SECRETS=/etc/{project} sh secrets.sh
#   docker compose --env-file /etc/{project}/{variables} -f compose.yaml up
set -eu
command -v openssl >/dev/null || {{ echo "openssl is needed" >&2; exit 1; }}
here=$(cd "$(dirname "$0")" && pwd)
folder=${{FAIRLEAD_SECRETS:?name the folder that has a file for each secret}}
mkdir -p "$folder"
chmod 700 "$folder" # its files are for containers, which run as somebody this machine does not know
cd "$folder"
folder=$(pwd)
umask 022
missing=

password() {{ openssl rand -base64 "$(($1 * 4))" | tr -dc A-Za-z0-9 | head -c "$1"; }}
hex() {{ openssl rand -hex "$1" | head -c "$1"; }}
base64() {{ openssl rand -base64 "$1" | tr -d '\n'; }}
urlsafe() {{ openssl rand -base64 "$1" | tr '+/' '-_' | tr -d '=\n'; }}
rsa() {{ openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$1" 2>/dev/null; }}
ed25519() {{ openssl genpkey -algorithm ED25519; }}
uuid() {{ openssl rand -hex 16 | sed 's/\(.\{{8\}}\)\(.\{{4\}}\).\(.\{{3\}}\).\(.\{{3\}}\)/\1-\2-4\3-a\4-/'; }}

# NAME COMMAND...: made once
make() {{
    name=$1; shift
    [ -s "$name" ] || {{ "$@" >".$name.new" && mv ".$name.new" "$name"; }}
}}
# NAME: whoever runs this has to say it
given() {{ [ -e "$1" ] || missing="$missing $1"; }}
# NAME: it may be left out
optional() {{ [ -e "$1" ] || : >"$1"; }}
# NAME VALUE: follows from what is there
follows() {{ printf %s "$2" >".$1.new" && mv ".$1.new" "$1"; }}
value() {{ [ ! -e "$1" ] || cat "$1"; }}
url() {{
    case $1 in
    *[!A-Za-z0-9._~-]*) printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g' ;;
    *) printf %s "$1" ;;
    esac
}}
encoded() {{ url "$(value "$1")"; }}
phrase() {{ url "$(value "$1" | sed 's/^[ab]://')"; }}
user() {{
    printf FL
    {{ printf 'access key\0'; value "$1"; }} | openssl dgst -sha256 -r | head -c 18 | tr a-f A-F
}}
# URL DATABASE
at() {{ printf %s "$1" | sed "s|^\([a-z+]*://[^/?]*\)[^?]*|\1/$2|"; }}
# URL DATABASE ROLE PASSWORD
login() {{ at "$1" "$2" | sed "s|^\([a-z+]*://\)\([^/?]*@\)*|\1$3:$4@|"; }}
authority() {{
    [ -s authority.crt ] || (
        umask 077
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -keyout authority.key \
            -out .authority.new -subj "/CN=Fairlead, {project}" -addext keyUsage=critical,keyCertSign 2>/dev/null
        mv .authority.new authority.crt
        chmod 644 authority.crt
    )
}}
# NAME FILE: a copy of a file that was given; its way begins where this script lies
copy() {{
    if [ -r "$2" ]; then cat "$2" >".$1.new" && mv ".$1.new" "$1"; else missing="$missing $1"; fi
}}
# NAME PREFIX NAMES: a certificate of an authority of its own, for 10 years
certificate() {{
    authority
    [ -s "$2_CERTIFICATE" ] || {{
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$2_CERTIFICATE_KEY" -out .csr \
            -subj "/CN=$1" 2>/dev/null
        printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1%s\nextendedKeyUsage=serverAuth\n' "$1" "${{3:-}}" \
            >.extensions
        openssl x509 -req -in .csr -CA authority.crt -CAkey authority.key -set_serial "0x$(openssl rand -hex 16)" \
            -days 3650 -extfile .extensions -out .leaf 2>/dev/null
        chmod 644 "$2_CERTIFICATE_KEY"
        cat .leaf authority.crt >".$2.new"
        mv ".$2.new" "$2_CERTIFICATE"
        rm -f .csr .leaf .extensions
    }}
    cat authority.crt >"$2_CA"
}}
# NAME: a line of the variables
line() {{ printf "%s='%s'\n" "$1" "$(sed "s/'/\\\\'/g" "$1")"; }}

"""

END = """
[ -z "$missing" ] || {{
    echo "write a file in $folder for each of:$missing" >&2
    exit 1
}}
(
    umask 077
    {{
        printf "FAIRLEAD_SECRETS='%s'\\n" "$folder"{lines}
    }} >.{variables}.new
)
mv .{variables}.new {variables}
"""


def secrets_script(stack: Stack, document: Mapping[str, Any], base: str = ".") -> str:
    """Empty when the file needs nothing. `base` leads from its folder to the project's."""
    files = set(document.get("secrets", {}))
    variables = _variables(document)
    wanted = files | variables
    if not wanted:
        return ""
    followed = {name: one for name, one in derived(stack).items() if name in wanted}
    wanted = (wanted | _behind(followed.values())) - followed.keys() - _made_with_certificates(stack)
    lines = [*_own(stack, wanted), *_certificates(stack, files), *_of_edge(stack, files, base)]
    lines += [_follows(one) for one in followed.values()]
    head = HEAD.format(environment=stack.environment, variables=VARIABLES, project=stack.project)
    written = "".join(f"\n        line {name}" for name in sorted(variables))
    return head + "\n".join(lines) + "\n" + END.format(lines=written, variables=VARIABLES)


def _variables(value: Any) -> set[str]:
    """Those that Compose is to fill in with a secret."""
    if isinstance(value, str):
        return set(_NAMED.findall(value.replace("$$", ""))) - _NOT_SECRET
    if isinstance(value, Mapping):
        return {name for one in value.values() for name in _variables(one)}
    return {name for one in value for name in _variables(one)} if isinstance(value, list | tuple) else set()


def _behind(some: Iterable[Derived]) -> set[str]:
    some = tuple(some)
    logins = {one.login[1].secret for one in some if one.login}
    return logins | {part.secret for one in some for part in one.parts if isinstance(part, Hole)}


def _own(stack: Stack, wanted: set[str]) -> Iterator[str]:
    """The secrets of the file: made, or asked for."""
    for one in stack.secrets:
        if one.name not in wanted:
            continue
        if one.generate:
            yield f"make {one.name} {_made(one.generate)}"
        else:
            yield f"{'given' if one.required else 'optional'} {one.name}"
    yield from (f"given {name}" for name in sorted(wanted - {one.name for one in stack.secrets}))


def _made(one: Generate) -> str:
    length = one.length or _LENGTHS.get(one.kind, 0)
    if one.kind == "base64":
        length = _KEYS.get(length, max(length, 4) // 4 * 3)
    return f"{'urlsafe' if one.kind == 'jwt-hs256' else one.kind} {length or ''}".rstrip()


def _made_with_certificates(stack: Stack) -> set[str]:
    names = (certificate_name, key_name, authority_name)
    kept = {name(one.name) for one in stack.stores if managed(one) for name in names}
    own = edge.pairs(stack)
    edges = {one.cert for one in own} | {one.key for one in own if one.key_file or not one.cert_file}
    return kept | edges


def _certificates(stack: Stack, files: set[str]) -> Iterator[str]:
    for one in stack.stores:
        if managed(one) and certificate_name(one.name) in files:
            yield f"certificate {one.name} {prefix(one.name)}"


def _of_edge(stack: Stack, files: set[str], base: str) -> Iterator[str]:
    """Copies of what was given, so that Traefik can read them: it runs as nobody of this machine."""
    for one in edge.pairs(stack):
        if one.cert not in files:
            continue
        if not one.cert_file:
            names = "".join(f",{name}" for name in edge.names(stack))
            yield f"certificate localhost FAIRLEAD {shlex.quote(names)}" if names else "certificate localhost FAIRLEAD"
            continue
        yield f"copy {one.cert} {_way(one.cert_file, base)}"
        if one.key_file:
            yield f"copy {one.key} {_way(one.key_file, base)}"


def _way(path: str, base: str) -> str:
    return shlex.quote(path) if path.startswith("/") else f'"$here"/{shlex.quote(f"{base}/{path}")}'


def _follows(one: Derived) -> str:
    text = "".join(f'"$({_HOWS[part.how]} {part.secret})"' if isinstance(part, Hole) else shlex.quote(part)
                   for part in one.parts)  # fmt: skip
    if one.login:
        role, own = one.login
        phrase = f'"$({_HOWS[own.how]} {own.secret})"'
        return f'follows {one.name} "$(login {text} {one.database} {shlex.quote(role)} {phrase})"'
    return f'follows {one.name} "$(at {text} {one.database})"' if one.database else f"follows {one.name} {text}"


_HOWS = {"as it is": "value", "encoded": "encoded", "phrase": "phrase", "user": "user"}
