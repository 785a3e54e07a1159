"""The line in authorized_keys that lets a key act on one environment, and on nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fairlead.errors import UsageError

_PUBLIC = re.compile(
    r"(?P<key>(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r" [A-Za-z0-9+/]{40,}={0,3})(?: (?P<comment>[^\r\n]{0,200}))?"
)


def authorized_line(
    project: str, environment: str, public_key: str, sources: Sequence[str] = (), approves: bool = False
) -> str:
    """`restrict,command="…" KEY`. UsageError when it is no public key, and above all when it is a private one."""
    text = public_key.strip()
    if "PRIVATE KEY" in text:
        raise UsageError("that is the private key", "give the public one, in the file that ends in .pub")
    found = _PUBLIC.fullmatch(text)
    if found is None:
        raise UsageError("that is no public key of ssh", "give one line such as `ssh-ed25519 AAAA… ci@example.com`")
    more = "".join(f" --from {one}" for one in sources) + " --approve" * approves
    command = f"PATH=$HOME/.local/bin:$PATH fairlead serve-ssh {environment} --project {project}{more}"
    return f'restrict,command="{command}" {text}'
