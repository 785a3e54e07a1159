"""A key that signs tokens: published → signing → verify-only → removed.

A verifier may keep the key set for `cache`, so the new key is known for that long before the first token is signed
with it; a token lives for `lifetime`, so the old key is known for that long after the last one.
"""

from __future__ import annotations

from fairlead.project.stack import Rotate
from fairlead.secrets.rotation.kinds.base import RotationKind, skew
from fairlead.secrets.rotation.steps import Step, numbered


def _signed(rotate: Rotate) -> float:
    """How long tokens of the old key may come: a service that reads its key anew does so within `cache`."""
    return skew(rotate.lifetime + (rotate.cache if rotate.reload == "read" else 0.0))


def plan(secret: str, rotate: Rotate) -> tuple[Step, ...]:
    """Two waits: for key sets that were fetched before, and for tokens that were signed before."""
    fetched, expired = "key sets that verifiers have fetched", "tokens signed with the old key"
    return numbered(
        (
            Step("stage", secret),
            Step("announce", secret),
            Step("wait", secret, skew(rotate.cache), f"{fetched} live for {rotate.cache:g} s"),
            Step("publish", secret),
            Step("store", secret),
            Step("spread", secret),
            Step("wait", secret, _signed(rotate), f"{expired} live for {rotate.lifetime:g} s"),
            Step("withdraw", secret),
            Step("retire", secret),
        )
    )


def breaks(rotate: Rotate) -> str:
    """Both waits are left out."""
    return (
        f"tokens signed before are refused at once, and verifiers that keep the key set refuse new ones for up to "
        f"{rotate.cache:g} s"
    )


JWT = RotationKind(
    plan, longest=lambda rotate: skew(rotate.cache) + _signed(rotate), generates=("ed25519", "rsa", "jwt-hs256"),
    cooling=_signed, breaks=breaks,
)  # fmt: skip
