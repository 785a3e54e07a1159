"""`fairlead approve`: a person says go on."""

from __future__ import annotations

from fairlead.cli.telling import telling

command = telling(
    "approve",
    """Let the rollout in ENV go on past the step where a person is waited for.

    When nobody carries it any more it goes on here, with progress and exit codes as those of `deploy`.
    """,
    "fairlead approve production",
    'fairlead approve production --message "looked at it with support"',
)
