"""The data key, wrapped by age for each recipient and unwrapped by whoever has one of the identities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.secrets.sops.cipher import KEY
from fairlead.secrets.sops.metadata import Wrapped

if TYPE_CHECKING:
    import pyrage


def wrap(key: bytes, recipients: Iterable[str]) -> tuple[Wrapped, ...]:
    """The data key for each of them. FairleadError for what is no recipient."""
    import pyrage  # noqa: PLC0415 — only where something is encrypted

    return tuple(
        Wrapped(one, pyrage.encrypt(key, [recipient(one)], armored=True).decode()) for one in dict.fromkeys(recipients)
    )


def recipient(text: str) -> pyrage.x25519.Recipient | pyrage.ssh.Recipient:
    """A recipient of age (`age1…`) or an SSH public key. FairleadError for anything else."""
    import pyrage  # noqa: PLC0415

    kind = pyrage.ssh.Recipient if text.startswith("ssh-") else pyrage.x25519.Recipient
    try:
        return kind.from_str(text)
    except pyrage.RecipientError:
        pass
    if text.upper().startswith("AGE-SECRET-KEY-"):
        what = "that is a secret key, not the recipient that belongs to it"
        raise FairleadError(what, "its owner sees the recipient with `fairlead secrets recipients me`")
    raise FairleadError(f"{text[:80]!r} is no recipient of age", "one looks like age1… or ssh-ed25519 AAAA…")


def unwrap(wrapped: Sequence[Wrapped], identities: Sequence[pyrage.x25519.Identity]) -> bytes | None:
    """The data key; None when none of the identities opens any of them."""
    import pyrage  # noqa: PLC0415

    mine = {str(one.to_public()) for one in identities}
    ordered = sorted(wrapped, key=lambda one: one.recipient not in mine)  # the likely ones first
    for one in ordered if identities else ():
        try:
            key: bytes = pyrage.decrypt(one.enc.encode(), list(identities))
        except (pyrage.DecryptError, ValueError):
            continue
        if len(key) == KEY:
            return key
    return None
