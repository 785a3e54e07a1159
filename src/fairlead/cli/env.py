"""`fairlead env list`, `show`, `diff`, `check` and `example`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.session import Session, bold, dim, green, red, yellow
from fairlead.cli.text import count, table
from fairlead.cli.verb import environment, verb, write_examples

if TYPE_CHECKING:
    from fairlead.errors import Finding
    from fairlead.operations.env.check import Checked, Report
    from fairlead.operations.env.list import Row
    from fairlead.project.origins import Value

WIDEST = 60  #: characters of a value on a terminal


class Group(click.Group):
    """With examples, as every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """They stand below the commands."""
        examples = ("fairlead env list", "fairlead env show production variables", "fairlead env check")
        write_examples(formatter, examples)


@click.group("env", cls=Group)
def command() -> None:
    """Look at environments: their values and where these come from, what differs, and what is wrong with them."""


@verb("fairlead env list", name="list", short="The environments, and whether each could be deployed.")
def list_(session: Session) -> None:
    """The environments of the project: where each runs, how much of it, and whether it could be deployed as it is."""
    from fairlead.operations.env.list import rows  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    found = rows(project)
    cells = [
        (one.name, one.runtime, one.host or "here", ", ".join(one.edge) or "-", f"{one.services}", f"{one.instances}",
         _state(one))
        for one in found
    ]  # fmt: skip
    head = ("environment", "runtime", "host", "edge", "services", "instances", "")
    data = [{**asdict(one), "runnable": one.runnable} for one in found]
    session.answer({"project": project.name, "environments": data}, table(cells, head))


def _state(one: Row) -> str:
    if one.lacking:
        return red(f"{count(one.lacking, 'value')} missing or wrong: fairlead env check {one.name}")
    return yellow("cannot be run by this version") if one.obstacles else green("ready")


@verb(
    "fairlead env show production",
    "fairlead env show production variables",
    "fairlead env show production 'services.*.replicas' --json",
    name="show",
    short="Every value of an environment, and where it came from.",
)
@environment()
@click.argument("pattern", required=False)
def show(session: Session, environment: str, pattern: str | None) -> None:
    """Every resolved value of ENV and where it came from: a line of a file, a default, or what it was derived from.

    PATTERN is a value or what it is in, with * for any key. Of a secret only the place is shown, never the value.
    """
    from fairlead.operations.env.show import show as values  # noqa: PLC0415

    found = values(session.project(), environment, pattern)
    rows = [(one.path, _shown(one), _from(one)) for one in found]
    data = {"environment": environment, "values": [_data(one) for one in found]}
    session.answer(data, table(rows, ("value", "is", "from")))


def _shown(one: Value | None) -> str:
    if one is None:
        return dim("-")
    if one.source == "secret":
        return dim("secret")
    if one.text is None:
        return red("missing")
    text = one.text.encode("unicode_escape").decode() if not one.text.isprintable() else one.text
    return (text if len(text) <= WIDEST else text[: WIDEST - 1] + "…") or dim("empty")


def _from(one: Value | None) -> str:
    if one is None:
        return ""
    place = one.where or one.source
    if one.source == "overlay":
        place += ", environment"
    return dim(f"{place}; {one.note}" if one.note else place)


def _data(one: Value | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"path": one.path, "value": one.text, "written": one.raw, "source": one.source, "file": one.file or None,
            "line": one.mark.line if one.mark else None, "column": one.mark.column if one.mark else None,
            "note": one.note or None}  # fmt: skip


@verb(
    "fairlead env diff staging production",
    "fairlead env diff staging production services",
    name="diff",
    short="What is not the same in two environments.",
)
@environment(name="first")
@environment(name="second")
@click.argument("pattern", required=False)
def diff(session: Session, first: str, second: str, pattern: str | None) -> None:
    """Every value that FIRST and SECOND do not have in common, with where both came from.

    PATTERN is a value or what it is in, with * for any key: only that is compared.

    The exit code is 0 when there is no difference and 1 when there is one, as that of diff(1).
    """
    from fairlead.operations.env.show import diff as differences  # noqa: PLC0415

    found = differences(session.project(), first, second, pattern)
    rows = [(one.path, _shown(one.first), _shown(one.second), _from(one.first), _from(one.second)) for one in found]
    data = {
        "first": first, "second": second, "same": not found,
        "differences": [
            {"path": one.path, "first": _data(one.first), "second": _data(one.second)} for one in found
        ],
    }  # fmt: skip
    session.answer(
        data,
        table(rows, ("value", first, second, f"{first} from", f"{second} from"))
        if rows
        else f"{first} and {second} are the same",
    )
    if found:
        click.get_current_context().exit(1)


@verb(
    "fairlead env check",
    "fairlead env check production --json",
    name="check",
    short="Everything that is wrong with environments.",
)
@click.argument("environments", metavar="[ENV]...", nargs=-1)
def check(session: Session, environments: tuple[str, ...]) -> None:
    """Check each ENV (default: all): values, types, examples left in place, secrets, connections; and how all differ.

    What may differ between environments is said once in the project file, under `may_differ`. The exit code is 2 when
    something is wrong.
    """
    from fairlead.operations.env.check import check as examine  # noqa: PLC0415

    report = examine(session.project(), environments)
    lines = [line for one in report.environments for line in _lines(one)]
    lines += [bold("between environments"), *_marked(red("✗"), report.drift)] if report.drift else []
    lines.append(f"{count(len(report.findings), 'mistake')} in {count(len(report.environments), 'environment')}")
    session.answer(_report(report), "\n".join(lines))
    if report.findings:
        click.get_current_context().exit(2)


def _lines(one: Checked) -> list[str]:
    marks = [*_marked(red("✗"), one.findings), *_marked(yellow("!"), one.warnings)]
    good = [] if one.findings else [f"  {green('✓')} every value is there and of its type"]
    return [bold(one.environment), *marks, *good, *(dim(f"    {note}") for note in one.notes)]


def _marked(mark: str, findings: tuple[Finding, ...]) -> list[str]:
    return [f"  {mark} {finding}" for finding in findings]


def _report(report: Report) -> dict[str, Any]:
    return {
        "ok": not report.findings,
        "environments": {
            one.environment: {
                "findings": [asdict(finding) for finding in one.findings],
                "warnings": [asdict(finding) for finding in one.warnings],
                "notes": list(one.notes),
            }
            for one in report.environments
        },
        "drift": [asdict(finding) for finding in report.drift],
    }


@verb(
    "fairlead env example production",
    "fairlead env example production --write",
    name="example",
    short="A commented .env file with every variable, to fill in.",
)
@environment()
@click.option("--write", "to_file", is_flag=True, help="Write .env.ENV.example beside the project file.")
@click.option("--force", is_flag=True, help="Also over a file that this command did not make.")
def example(session: Session, environment: str, to_file: bool, force: bool) -> None:
    """Print a commented .env file with every variable of ENV: its type, its default or an example; never a secret.

    Filled in and saved as .env.ENV beside the project file it gives the variables their values.
    """
    from fairlead.operations.env.example import example as made  # noqa: PLC0415
    from fairlead.operations.env.example import write  # noqa: PLC0415

    project = session.project()
    text = made(project, environment)
    if not to_file:
        session.answer({"environment": environment, "text": text}, text.rstrip("\n"))
        return
    path, changed = write(project, environment, force)
    data = {"environment": environment, "file": str(path), "changed": changed}
    session.answer(data, f"{path.name} {'written' if changed else 'is as it should be'}")


for _one in (list_, show, diff, check, example):
    command.add_command(_one)
