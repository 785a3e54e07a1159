"""`fairlead secrets init`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, dim, green, tell, yellow
from fairlead.cli.text import count
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.secrets.init import Begun

RECOVERY = (
    "keep a copy of it where only you get at it, and add a recovery key that is kept offline: "
    "without any key nobody can read the values, and no one can help"
)


@verb(
    "fairlead secrets init production", "fairlead secrets init production --recipient age1…",
    name="init", short=VERBS["init"],
)  # fmt: skip
@environment()
@click.option("--recipient", "recipients", multiple=True, metavar="RECIPIENT", help="Somebody else who can open it.")
def command(session: Session, environment: str, recipients: tuple[str, ...]) -> None:
    """Begin to keep secrets for ENV; what is there already stays as it is.

    With the back end age, which is what there is when the project file says nothing else: a key for you, unless sops
    has one; the file secrets/ENV.yaml, in the format of sops, which belongs into git; .sops.yaml for those who use
    sops as well; and git is told to merge such files by their values. Then, in every back end, the secrets with
    `generate` that have no value yet are made.
    """
    from fairlead.operations.secrets.init import init  # noqa: PLC0415 — start-up is part of the product

    done = init(session.project(), environment, recipients)
    session.answer({"environment": environment, **asdict(done)}, _text(environment, done))
    tell_of(done)


def tell_of(done: Begun) -> None:
    """What a person has to know beside the answer."""
    if done.key_file:
        tell(f"{yellow('a new key:')} {done.key_file}; {RECOVERY}")
    if done.by_hand:
        tell(dim(".sops.yaml is kept by hand: give it the same recipients"))


def _text(environment: str, done: Begun) -> str:
    lines = []
    if done.recipient:
        state = "made" if done.made else "was there"
        lines.append(f"{green('✓')} {done.where} {state}, for {count(len(done.recipients), 'recipient')}")
        lines.append(f"  yours is {done.recipient}")
    else:
        lines.append(f"{green('✓')} {done.where} can be asked")
    if done.others:
        lines.append(f"{green('✓')} {', '.join(done.others)} written")
    if done.generated:
        lines.append(f"{green('✓')} made {', '.join(done.generated)}")
    for name in done.missing:
        lines.append(f"{yellow('!')} {name} has no value yet: fairlead secrets set {environment} {name}")
    return "\n".join(lines)
