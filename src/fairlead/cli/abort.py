"""`fairlead abort`: a person wants a rollout taken back."""

from __future__ import annotations

from fairlead.cli.telling import telling

command = telling(
    "abort",
    """Take back what is being rolled out to ENV: all users get the release before, as if nothing had been begun.

    Whoever carries the rollout does it within a moment, and ends with exit code 1. A release that is live already is
    taken back by `fairlead rollback`.
    """,
    'fairlead abort production --message "the checkout is wrong"',
)
