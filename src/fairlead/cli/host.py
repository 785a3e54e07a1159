"""`fairlead host install` and `fairlead host key`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.remote.rights import APPROVING, commands, rights_options
from fairlead.cli.session import Session, dim, green, tell, yellow
from fairlead.cli.verb import environment, verb, write_examples
from fairlead.errors import FairleadError, UsageError

if TYPE_CHECKING:
    from fairlead.operations.remote.install import Plan


class Group(click.Group):
    """With examples, as every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """They stand below the commands."""
        write_examples(formatter, ("fairlead host install production", "fairlead host key production ci.pub"))


@click.group("host", cls=Group)
def command() -> None:
    """Have Fairlead on the server that an environment runs on, and let keys deploy there that can do nothing else.

    Which server that is stands in the project file, under `host` of the environment.
    """


@verb(
    "fairlead host install production", "fairlead host install production --plan",
    "fairlead host install ssh://deploy@shop.example.com",
    name="install", short="Install this Fairlead on the server.",
)  # fmt: skip
@click.argument("where", metavar="ENV|ADDRESS")
@click.option("--plan", "only_plan", is_flag=True, help="Print what would be done, and do nothing.")
@click.option(
    "--extra", "extras", multiple=True, metavar="NAME", help="Beyond what the environment needs: lint, scan …"
)
def install(session: Session, where: str, only_plan: bool, extras: tuple[str, ...]) -> None:
    """Have the Fairlead that runs here on the server too, in a virtual environment of that user's own.

    It is sent over SSH; what it needs comes from the server's package index, with the extras that the environment asks
    for: its runtime, its stores, backups, messages. Of an address alone nobody knows: name them. Run again, it does
    only what is left. Where systemd runs the server, what is deployed there comes back when it starts.

    A key of age is made there when there is none: keys are never copied, so secrets have to be encrypted for it.
    """
    from fairlead.hosts.table import host_of  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.remote import install as operation  # noqa: PLC0415

    address, name = _address(session, where)
    host, wanted = host_of(address), tuple(dict.fromkeys((*_needed(session, name), *extras)))
    if only_plan:
        planned = operation.plan(host, wanted)
        session.answer(asdict(planned) | {"kind": "plan"}, _planned(planned))
        return
    done = operation.install(host, wanted, lambda line: tell(dim(line)) if not line.startswith("fairlead-") else None)
    key = _key(session, address, name) if name else None
    session.answer(asdict(done) | {"key": key}, _done(done, name, key))
    if done.note:
        tell(f"{yellow('note:')} {done.note}")


def _needed(session: Session, name: str | None) -> tuple[str, ...]:
    """The extras, as far as the project file says."""
    from fairlead.project.extras import ALWAYS, extras  # noqa: PLC0415

    return extras(session.project().outline(name)) if name else ALWAYS


def _address(session: Session, where: str) -> tuple[str, str | None]:
    """The address, and the environment when one was named."""
    if "://" in where or "@" in where:
        return where, None
    session.place(where)
    hosts = session.hosts((where,))
    if not hosts:
        what = f"{where} runs on this machine: it has no `host` in {session.path()}"
        raise UsageError(what, f"write `host: ssh://USER@SERVER` to {where}, or name an address")
    return hosts[0], where


def _planned(planned: Plan) -> str:
    if not planned.steps:
        return f"nothing to do: {planned.where} has this fairlead {planned.version}"
    return "\n".join(f"{number:3d}  {step}" for number, step in enumerate(planned.steps, 1))


def _key(session: Session, address: str, name: str) -> dict[str, Any] | None:
    """The host's own key of age."""
    from fairlead.hosts.table import host_of  # noqa: PLC0415
    from fairlead.operations.remote.client import Client  # noqa: PLC0415

    try:
        with Client(host_of(address), session.peek()[0], name) as client:
            found = client.identity()
    except FairleadError as error:
        tell(f"{yellow('note:')} {error.message}")
        return None
    return {"recipient": str(found["recipient"]), "file": str(found["file"]), "made": bool(found["made"])}


def _done(done: Plan, name: str | None, key: dict[str, Any] | None) -> str:
    what = "has" if not done.steps else "now has"
    lines = [f"{green('✓')} {done.where} {what} fairlead {done.version}, in {done.program}"]
    if key:
        lines.append(f"  its age key is in {key['file']}; where secrets are kept with age, encrypt for it:")
        lines.append(f"  fairlead secrets recipients add {name} {key['recipient']}")
    return "\n".join(lines)


@verb(
    "fairlead host key production ci.pub", "fairlead host key production - < ci.pub",
    name="key", short="Print the line that lets a key deploy, and nothing else.",
)  # fmt: skip
@environment()
@click.argument("public_key", metavar="PUBLIC_KEY", type=click.Path(path_type=Path, allow_dash=True))
@rights_options
def key(
    session: Session, environment: str, public_key: Path, sources: tuple[str, ...], roots: bool, **said: Any
) -> None:
    """Print the line for ~/.ssh/authorized_keys on the server that lets a key act on ENV through Fairlead.

    PUBLIC_KEY is the file of the public half (-: standard input). The line gives no shell, no files, no forwarding and
    no other environment. What it may do is deploy, rollback, doctor, status, history and releases, unless more is said;
    and in containers nothing that could take the machine. Of plain processes it is for a user who is not root.
    """
    from fairlead.cli.secrets.given import content  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.remote.key import Rights, authorized_line  # noqa: PLC0415

    for name in (environment, *sources):
        session.place(name)
    may, only = (tuple(one.replace(" ", "-") for one in commands(said[name])) for name in ("may", "only"))
    rights = Rights(may + (APPROVING if said["approves"] else ()), only, sources, roots)
    line = authorized_line(session.peek()[0], environment, content(public_key), rights)
    session.answer({"environment": environment, "line": line}, line)


command.add_command(install)
command.add_command(key)
