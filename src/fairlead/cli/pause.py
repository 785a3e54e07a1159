"""`fairlead pause`: a person wants a rollout to go no further for now."""

from __future__ import annotations

from fairlead.cli.telling import telling

command = telling(
    "pause",
    """Have the rollout in ENV stay at the step it is at, until `fairlead resume ENV`.

    It is judged all the while: a release that turns out to be bad is taken back all the same.
    """,
    'fairlead pause production --message "wait for the support team"',
)
