"""The line in authorized_keys that lets a key act on one environment, and on nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairlead.errors import UsageError

_PUBLIC = re.compile(
    r"(?P<key>(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r" [A-Za-z0-9+/]{40,}={0,3})(?: (?P<comment>[^\r\n]{0,200}))?"
)


@dataclass(frozen=True, slots=True)
class Rights:
    """What a key may do in its environment. `may` adds commands to those of a deployer, `only` takes their place."""

    may: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  #: environments that it may promote from
    roots: bool = False  #: what it deploys may take the machine

    @property
    def words(self) -> str:
        """As they stand in the line."""
        parts = [*(f"--only {one}" for one in self.only), *(f"--may {one}" for one in self.may)]
        parts += [*(f"--from {one}" for one in self.sources), *(["--allow-root"] if self.roots else [])]
        return "".join(f" {part}" for part in parts)


def authorized_line(project: str, environment: str, public_key: str, rights: Rights = Rights()) -> str:
    """`restrict,command="…" KEY`. UsageError when it is no public key, and above all when it is a private one."""
    text = public_key.strip()
    if "PRIVATE KEY" in text:
        raise UsageError("that is the private key", "give the public one, in the file that ends in .pub")
    found = _PUBLIC.fullmatch(text)
    if found is None:
        raise UsageError("that is no public key of ssh", "give one line such as `ssh-ed25519 AAAA… ci@example.com`")
    command = f"PATH=$HOME/.local/bin:$PATH fairlead serve-ssh {environment} --project {project}{rights.words}"
    return f'restrict,command="{command}" {text}'
