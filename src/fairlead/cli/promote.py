"""`fairlead promote`: deploy what is live elsewhere, or give all users what is being rolled out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.cli.session import Session
from fairlead.cli.verb import environments, message_option, no_wait_option, verb, wait_option, yes_option
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.operations.deploy import Options


@verb(
    "fairlead promote staging production",
    'fairlead promote production --message "the numbers are good enough"',
    name="promote",
    stream=True,
)
@environments("ENV | FROM TO")
@message_option
@yes_option
@no_wait_option
@wait_option
def command(
    session: Session, environments: tuple[str, ...], message: str, yes: bool, wait: float, no_wait: bool
) -> None:
    """Deploy to TO the artifacts that are live in FROM, with TO's own configuration. Nothing is built.

    With ENV alone: give all users there the release that is being rolled out, whatever is known of it so far. It is
    still taken back when it is shown to be bad.
    """
    from fairlead.operations.deploy import Options  # noqa: PLC0415 — start-up is part of the product

    if len(environments) == 1:
        _release(session, environments[0], Options(wait=wait, why=message, hurry=no_wait))
    elif len(environments) == 2:
        _artifacts(session, environments[0], environments[1], Options(wait=wait, why=message, hurry=no_wait))
    else:
        hint = "`fairlead promote ENV` for what is being rolled out there, `fairlead promote FROM TO` for another one"
        raise UsageError(f"expected one or two environments, got {len(environments)}", hint)


def _release(session: Session, environment: str, options: Options) -> None:
    from fairlead.cli.telling import tell  # noqa: PLC0415
    from fairlead.operations.orders import Saying  # noqa: PLC0415

    tell(session, environment, "promote", Saying(options.why, options.wait, options.hurry))


def _artifacts(session: Session, source: str, target: str, options: Options) -> None:
    from fairlead.cli.outcome import carried  # noqa: PLC0415
    from fairlead.operations.promote import promote  # noqa: PLC0415
    from fairlead.system.home import Place  # noqa: PLC0415

    project = session.project()
    project.stack(source)
    place, stack = Place.of(project.name, target), project.stack(target)
    with carried(session, f"promoting {source} to {target}", place, lambda: stack.runtime) as run:
        run(lambda emit: promote(project, source, target, options, emit))
