"""The script that makes what a Compose file needs and does not have in it: a file for each secret, and their variables.

It needs a shell and openssl, and nothing of Fairlead: whoever has the rendered files can start them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fairlead.project.access import authorities_name, authority_name, certificate_name, key_name, managed, prefix
from fairlead.project.documents import JWKS, document_of
from fairlead.project.stack import Generate, Stack
from fairlead.render.compose import edge
from fairlead.render.compose.derived import Derived, Hole, derived
from fairlead.render.compose.filling import Pieces, pieces
from fairlead.render.compose.parts import template_name
from fairlead.render.compose.secrets_shell import END, HEAD, VARIABLES

_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):[?-]")
_NOT_SECRET = frozenset({"FAIRLEAD_SECRETS", "RELEASE"})
_KEYS = {24: 16, 44: 32, 88: 64, 172: 128, 344: 256}  #: characters of base64 → bytes of a cipher's key
_LENGTHS = {"password": 32, "hex": 64, "base64": 44, "jwt-hs256": 64, "rsa": 3072}


def secrets_script(stack: Stack, document: Mapping[str, Any], base: str, texts: Mapping[str, str]) -> str:
    """Empty when the file needs nothing. `base` leads from its folder to the project's; `texts` are the templates with
    secrets, by where they go."""
    files = set(document.get("secrets", {}))
    variables = _variables(document)
    wanted = files | variables
    if not wanted:
        return ""
    followed = {name: one for name, one in derived(stack).items() if name in wanted}
    documents = {found: one.name for one in stack.secrets if (found := document_of(stack, one.name)) and found in files}
    filled = {target: _pieces(stack, target, text) for target, text in texts.items()}
    behind = {*_behind(followed.values()), *documents.values(), *_holes(filled.values())}
    named = {*followed, *documents, *(template_name(stack, target) for target in filled)}
    wanted = (wanted | behind) - named - _made_with_certificates(stack)
    lines = [*_own(stack, wanted), *_certificates(stack, files), *_of_edge(stack, files, base)]
    lines += [_follows(one) for one in followed.values()]
    lines += [f"{'jwks' if found.endswith(JWKS) else 'keys'} {name} {found}" for found, name in documents.items()]
    lines += [line for target, made in filled.items() for line in _filled(stack, target, made)]
    lines += [f"told {name}" for name in sorted(variables)]
    head = HEAD.format(environment=stack.environment, variables=VARIABLES, project=stack.project)
    written = "".join(f"\n        line {name}" for name in sorted(variables))
    return head + "\n".join(lines) + "\n" + END.format(lines=written, variables=VARIABLES)


def _pieces(stack: Stack, target: str, text: str) -> Pieces:
    """Of a template with secrets."""
    one = next(each for each in stack.templates if each.target == target)
    values = {**stack.variables, "PROJECT": stack.project, "ENVIRONMENT": stack.environment}
    return pieces(text, values, {each.name for each in stack.secrets}, one.format, one.source)


def _holes(some: Iterable[Pieces]) -> set[str]:
    return {part.secret for made in some for part in made if isinstance(part, Hole)}


def _filled(stack: Stack, target: str, made: Pieces) -> Iterator[str]:
    """The file that a template makes; each value is looked at first."""
    name = template_name(stack, target)
    holes = dict.fromkeys((part.secret, part.how) for part in made if isinstance(part, Hole))
    yield from (f"fit {shlex.quote(target)} {secret} {shlex.quote(how)}" for secret, how in holes)
    written = [f"{_HOWS[part.how]} {part.secret}" if isinstance(part, Hole) else f"printf %s {shlex.quote(part)}"
               for part in made]  # fmt: skip
    yield "{ " + "; ".join(written or [":"]) + f"; }} >.{name}.new"
    yield f"mv .{name}.new {name}"


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
    names = (certificate_name, key_name, authority_name, authorities_name)
    kept = {name(one.name) for one in stack.stores if managed(one) for name in names}
    own = edge.pairs(stack)
    edges = {one.cert for one in own} | {one.key for one in own if one.key_file or not one.cert_file}
    return kept | edges


def _certificates(stack: Stack, files: set[str]) -> Iterator[str]:
    for one in stack.stores:
        if managed(one) and certificate_name(one.name) in files:
            yield f"certificate {one.name} {prefix(one.name)} {one.name}"
        if managed(one) and authorities_name(one.name) in files:
            yield f"authorities {prefix(one.name)}"


def _of_edge(stack: Stack, files: set[str], base: str) -> Iterator[str]:
    """Copies of what was given, so that Traefik can read them: it runs as nobody of this machine."""
    own = edge.name_of(stack)
    for one in edge.pairs(stack):
        if one.cert not in files:
            continue
        if not one.cert_file:
            names = "".join(f",{name}" for name in edge.names(stack))
            yield f"certificate localhost FAIRLEAD {own} {shlex.quote(names)}".removesuffix(" ''")
            continue
        yield f"copy {one.cert} {_way(one.cert_file, base)} {own}"
        if one.key_file:
            yield f"copy {one.key} {_way(one.key_file, base)} {own}"


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


_HOWS = {
    "as it is": "raw", "encoded": "encoded", "phrase": "phrase", "user": "user", "quoted": "quoted",
    "doubled": "doubled", "number": "raw", "reference": "reference", "plain": "raw",
}  # fmt: skip
"""The functions of the script."""
