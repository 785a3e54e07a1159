"""`fairlead resume`: a rollout that was paused goes on."""

from __future__ import annotations

from fairlead.cli.telling import telling

command = telling(
    "resume",
    """Let the rollout in ENV go on as planned, after `fairlead pause ENV`.

    When nobody carries it any more it goes on here, with progress and exit codes as those of `deploy`.
    """,
    "fairlead resume production",
)
