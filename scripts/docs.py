"""Writes docs/reference from the code: `make docs`. With --check it only says which pages are out of date.

What these pages say is said once, in the code: the commented examples of the project file, the help of the commands,
the error classes. Only the meaning of ledger entries stands here, and a kind that the code writes and nobody explained
is an error.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from fairlead import errors
from fairlead.cli import table
from fairlead.cli.main import fairlead
from fairlead.project.reference import SECTIONS, section_docs
from fairlead.project.schema import json_schema

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
MADE = "<!-- Written by `make docs` from the code. Do not edit. -->\n\n"
WIDTH = 96

#: kind of entry: what it says, what its data holds
LEDGER = {
    "backup.made": (
        "a backup is there, whole",
        "`store`, `id`, `kind`, `why`, `bytes` (as it lies there), `seconds`, `to`, `missing` "
        "(databases that are declared and were not there), `set` (the recovery set it was made in), "
        "`differential` (what changed was asked for), `whole` (why all was copied then)",
    ),
    "backup.failed": (
        "a backup could not be made",
        "`store`, `kind`, `why` (as of `backup.made`; `busy`: somebody else was at it, which is no failure), `reason`",
    ),
    "backup.quiet": (
        "a service does something, or stands still, while files are copied that it writes",
        "`store` (the volume), `service`, `instances`, `pause` (seconds at most; null: it runs)",
    ),
    "log.stopped": (
        "the log of a store is not received any more: as much of it waits on this machine as may",
        "`store`, `reason`",
    ),
    "log.broken": ("there is a gap in the log of a store, so a full copy is due", "`store`, `reason`"),
    "schedule.begun": (
        "the keeper has backups and drills that are due done; what came of them follows",
        "`store`, `tasks` (backup, files, changes, verify, drill)",
    ),
    "backup.verified": ("a backup was read whole", "`store`, `id`, `ok`, `wrong` (what was found)"),
    "backup.keep": (
        "how many backups of a store are kept is another number from now on; a smaller one counts once a person pruned",
        "`store`, `keep` (`daily`, `weekly`, `monthly`, and `point_in_time` in seconds)",
    ),
    "backup.pruned": (
        "backups were removed that no tier kept",
        "`store`, `gone`, each with `id`, `bytes` and the `reason`",
    ),
    "backup.pinned": ("a person wants a backup kept, whatever `keep` says", "`store`, `id`, `reason`"),
    "backup.unpinned": ("`keep` decides of that backup again", "`store`, `id`"),
    "verify.done": (
        "what is kept was looked at, as each week",
        "`store`, `ids`, `ok`, `wrong` (what was found), `decrypted` (whether there was a key), `why`, `failed` "
        "(nobody could look)",
    ),
    "backup.adopted": (
        "this machine makes the backups of a store from now on: another one did, or the place is a new one on purpose",
        "`store`, `to`, `before` (whose they were; empty: nobody's)",
    ),
    "restore.begun": (
        "a backup lies in new databases or folders, and is about to be put in place",
        "`store`, `id`, `databases`, `from` (another store)",
    ),
    "restore.done": (
        "what was restored is in use",
        "`store`, `id`, `databases` (each with the name under which the old one stays), `seconds`, `moment` (as what "
        "they are), `set` (the recovery set)",
    ),
    "schema.restored": (
        "a restore put back a schema as it was",
        "`store`, `database`, `scripts` (that have run, as it has it), `gone` (that ran since, and are pending again)",
    ),
    "restore.pruned": ("databases or folders that restores had put aside were removed", "`store`, `databases`"),
    "isolation.checked": (
        "the catalogue was looked at again: whether a role of a database can do more than it must",
        "`database`, `why` (migration, restore, schedule), `ok` (null: nobody knows, see `unknown`), `breaches`, each "
        "with `role` and `what`",
    ),
    "migration.ended": (
        "a person has ended whoever held the lock of migrators",
        "`database`, `holder` (in words), `origin` (who and what)",
    ),
    "migration.rehearsed": (
        "what was pending ran on a copy",
        "`database`, `verdict` (fit, slow, breaks, fails), `why`, `base` (the version before), `prints` (files and "
        "SHA-256 of what they run), `source` (of the copy), `schema` (print of the live one), `at`, `patience` "
        "(seconds that somebody may wait), `seen` "
        "(each statement with `ms`, `rows`, `locks`, `rewrites`), `sizes` (bytes of locked tables), `tried` (queries), "
        "`broken` (each with `query`, `why`, `calls`), `unseen` (why none was tried), `failure`",
    ),
    "migration.proven": (
        "a version was run, undone and run again on a copy",
        "`database`, `version`, `kind` (lossless, lossy, none, unproven), `losses` (each with `kind`, `table`, "
        "`column`, `text`), `doubts` (why nothing is shown), `prints` (SHA-256 of what its files run), `source` "
        "(of the copy), `at`",
    ),
    "drill.done": (
        "a backup was restored into a copy, looked at and timed",
        "`store`, `id`, `kind`, `ok`, `wrong`, `phases` (seconds of each), `rto` (their sum), `rpo` (seconds "
        "that would have been lost), `bytes`, `mb_per_second`, `databases`, `targets` (what is declared), "
        "`damaged` (whether the backup is not what was written), `why` (by hand, schedule, busy), `moment` (as what "
        "the copy was), `amcheck` (whether indexes were compared), `forecast` (of `rto`, in `days`), "
        "`without` (what no copy of data files has: unlogged tables, prepared transactions)",
    ),
    "rollout.begun": (
        "a rollout has a plan and is about to start",
        "`release`, `previous`, `operation` (deploy, promote, rollback), `strategy`, `origin` (who and what), `why`, "
        "`plan` (every step, whole)",
    ),
    "step.begun": ("a step is about to be done", "`step` (its place and kind), `what` (the line shown to people)"),
    "step.done": ("the step has been done", "`step`, `what`"),
    "rollout.undoing": ("something failed: from here on back", "`reason`"),
    "undo.begun": ("a step is about to be taken back", "`step`, `what`"),
    "undo.done": ("the step has been taken back", "`step`, `what`"),
    "rollout.order": (
        "a person says approve, abort, promote, pause or resume",
        "`order` (which of them), `by`, `why`, `origin`",
    ),
    "schema.snapshot": (
        "before schemas move: what is kept of a server",
        "`store`; `restore_point`, `lsn` and, where the log is kept, `carried` (whether it was carried away), `backup` "
        "(its id), where there is one; `made` (false: of an earlier try); `notes`",
    ),
    "schema.rehearsed": (
        "what is pending of a database ran on a copy, as a step of a rollout; all of it is in `migration.rehearsed`",
        "`database`, `what` (in words), `undoable` (files whose undo was shown to lose nothing), `refused`",
    ),
    "schema.applied": ("a file that moves a schema ran, and is committed", "`database`, `script`, `ms`, `contract`"),
    "schema.moved": ("the command of another tool has moved a schema", "`database`, `job`, `seconds`"),
    "contract.begun": (
        "the old release is gone, and what waited for that is about to run; or a person runs it",
        "`release`, `files` (name of what it keeps; empty: by hand), `databases` (the files of each)",
    ),
    "contract.done": (
        "nothing of it waits any more",
        "`release`, `files`, `scripts` (that ran now), `databases` (all of each)",
    ),
    "contract.failed": (
        "it could not be run, or whoever ran it was killed; it is tried again",
        "`release`, `files`, `reason`, `databases` (files that may be there in part)",
    ),
    "schema.undone": ("it was taken back, since that loses nothing", "`database`, `script` (which was undone), `ms`"),
    "schema.kept": (
        "a rollout was taken back, and what it did to a schema stays",
        "`database`, `scripts`, `what` (in words, and why)",
    ),
    "rollout.verdict": (
        "what the evidence says of the release: when that changes, and at the end of each step that is judged",
        "`step` (`watch` after the switch), `kind` (promote, continue, hold, abort), `cause`, `text`, `numbers`",
    ),
    "rollout.shadow": (
        "in what the answers of a shadowed release differ from those of the live one",
        "`step`, `differences`, each with `path`, `what`, `stable`, `canary`",
    ),
    "rollout.waiting": (
        "a person has to decide, and nobody carries the rollout meanwhile; the keeper looks after it",
        "`step`, `reason`, `shares` (in force meanwhile), `known` (the evidence so far)",
    ),
    "rollout.resumed": ("somebody goes on with it", "nothing"),
    "rollout.committed": (
        "the commit point: recovery goes back before it and forward after it",
        "`release`, `previous`, `warm` (releases kept running for a rollback, and how long), `watch` (how long it is "
        "judged from here on, and whether it then goes back by itself)",
    ),
    "rollout.closed": (
        "nothing is left to do",
        "`result` (`live` or `undone`); then `seconds` and `report`, or `reason`, or `recovered`; `kept` (of schemas)",
    ),
    "watch.ended": (
        "the release is no longer judged after its switch",
        "`release`, `result` (`passed`, `rolled back`, `told`), `reason`, `verdict` (the last one)",
    ),
    "instance.entered": (
        "somebody runs a command beside an instance",
        "`instance`, `program` (its name without arguments, which may be secret), `origin` (who)",
    ),
    "drift.mended": ("what ran otherwise than declared was mended", "`acts`, each with `kind` and `id`"),
    "secret.handed": (
        "a deployment hands services another version of a secret than before",
        "`versions` (name and fingerprint of each)",
    ),
    "secret.begun": (
        "the rotation of a secret has a plan and is about to start",
        "`secret`, `kind`, `old` and `new` (fingerprints), `emergency`, `why`, `origin`, `root` (the project's "
        "folder), `spec` (how it is declared), `plan` (every step, whole)",
    ),
    "secret.step": (
        "a step of a rotation is about to be done",
        "`rotation` (number of its first entry), `secret`, `step` (its place and kind), `what`",
    ),
    "secret.done": (
        "the step has been done",
        "`secret`, `rotation`, `step`, `what`, `states` (of each version: prepared, staged, live, draining, retired), "
        "`at` (on both clocks)",
    ),
    "secret.waiting": (
        "a time has to pass; the keeper, or the command that waits for it, goes on then",
        "`secret`, `rotation`, `step`, `what`, `since` (on both clocks), `seconds`",
    ),
    "secret.undoing": ("something failed: from here on back", "`secret`, `rotation`, `reason`"),
    "secret.undo": ("a step of a rotation is about to be taken back", "`secret`, `rotation`, `step`, `what`"),
    "secret.undone": ("the step has been taken back", "`secret`, `rotation`, `step`, `what`"),
    "secret.closed": (
        "nothing is left to do of a rotation",
        "of which `rotation`, `result` (`rotated` or `undone`), `at`; `new` (fingerprint) and `notes`, or `reason`",
    ),
    "secret.due": (
        "a secret is older than it may get, told once for each value",
        "`secret`, `since`, `every` (seconds)",
    ),
    "environment.stopped": ("`fairlead stop` ended everything", "`live` (the release that `fairlead up` brings back)"),
    "environment.started": ("`fairlead up` ended that stop", "nothing"),
}

FOLDERS = ("rollout", "operations", "rotation", "backups", "physical", "trials", "schema", "drift", "db", "sessions")
_KINDS = (
    "rollout|step|undo|environment|secret|instance|drift|backup|restore|drill|verify|schedule|migration|schema|contract"
)
_KIND = re.compile(rf"({_KINDS})\.(?!json|sh$)[a-z]+|isolation\.checked|watch\.ended|log\.(stopped|broken)")


def pages() -> dict[str, str]:
    """Every generated file below docs/reference: its name and its text."""
    return {
        "project-file.md": MADE + project_file(),
        "commands.md": MADE + commands(),
        "exit-codes.md": MADE + exit_codes(),
        "ledger.md": MADE + ledger(),
        "fairlead.schema.json": schema(),
    }


def schema() -> str:
    """What `fairlead schema` prints."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def project_file() -> str:
    """One heading for each section, and below it the commented example that the tests load."""
    head = (
        "# The project file\n\n"
        "`fairlead.yaml`, section by section. Each example below is loaded by the test suite, and the descriptions\n"
        "in the [JSON Schema](fairlead.schema.json) (`fairlead schema`) are its comments. What is marked as not\n"
        "built yet is refused with a message that says so.\n\n"
        + "\n".join(f"- [{name}](#{name})" for name in SECTIONS)
        + "\n"
    )
    return head + "".join(f"\n## {name}\n\n```yaml\n{section_docs(name).strip()}\n```\n" for name in SECTIONS)


def commands() -> str:
    """The help of every command, in the groups of the first help screen."""
    context = _context(fairlead, None, "fairlead")
    text = "# Commands\n\nEvery command has `--help`, and those that report something have `--json`.\n"
    text += _help("", fairlead, context)
    for title, rows in table.groups().items():
        text += f"\n## {title}\n"
        for name in rows:
            command = fairlead.get_command(context, name)
            if command is not None:
                text += "".join(_with_subcommands(command, context, name))
    return text


def _with_subcommands(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    context = _context(command, parent, name)
    yield _help("### " + context.command_path, command, context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from _with_subcommands(found, context, below)


def _context(command: click.Command, parent: click.Context | None, name: str) -> click.Context:
    """As the program makes it, but for a page that is as wide everywhere."""
    settings = command.context_settings | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    return click.Context(command, parent, name, **settings)


def _help(heading: str, command: click.Command, context: click.Context) -> str:
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"\n{heading}\n\n```text\n{text}\n```\n" if heading else f"\n```text\n{text}\n```\n"


def exit_codes() -> str:
    """From the error classes."""
    found: dict[int, list[str]] = {0: ["done"]}
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.FairleadError)]
    for one in sorted(classes, key=lambda one: inspect.getsourcelines(one)[1]):
        found.setdefault(one.exit_code, []).append((one.__doc__ or "").partition("\n")[0].rstrip("."))
    rows = "\n".join(f"| {code} | {'<br>'.join(found[code])} |" for code in sorted(found))
    return f"# Exit codes\n\n| code | when |\n| --- | --- |\n{rows}\n\nA deployment that was rolled back ends with 1.\n"


def ledger() -> str:
    """The kinds of entries; ValueError when the code writes one that is not explained here, or no longer does."""
    written = set(kinds_in_the_code())
    if written != set(LEDGER):
        raise ValueError(f"LEDGER in scripts/docs.py and the code differ: {sorted(written ^ set(LEDGER))}")
    rows = "\n".join(f"| `{kind}` | {what} | {data} |" for kind, (what, data) in LEDGER.items())
    return (
        "# Ledger entries\n\n"
        "Each entry has `number` (from 1), `time` (UTC), `kind`, `rollout` (the number of the rollout it belongs to),\n"
        "`data`, `leaf` (its RFC 6962 leaf hash) and `root` (the tree head after it). `fairlead ledger show` prints\n"
        "them, `fairlead ledger verify` recomputes them. What that proves and what it does not is in\n"
        "[the architecture](../architecture.md#the-ledger).\n\n"
        f"| kind | what it says | its data |\n| --- | --- | --- |\n{rows}\n"
    )


def kinds_in_the_code() -> Iterator[str]:
    """Every text in the engine and above that looks like the kind of an entry."""
    for file in (ROOT / "src" / "fairlead").rglob("*.py"):
        if file.parent.name in FOLDERS:
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KIND.fullmatch(node.value):
                    yield node.value


def outdated() -> list[str]:
    """Names of pages that are not as the code has them."""
    found = []
    for name, text in pages().items():
        file = REFERENCE / name
        if not file.exists() or file.read_text("utf-8") != text:
            found.append(name)
    return found


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is out of date")
    old = outdated()
    if parser.parse_args().check:
        for name in old:
            sys.stderr.write(f"docs/reference/{name} is out of date: make docs\n")
        return 1 if old else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in old:
        (REFERENCE / name).write_text(pages()[name], "utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
