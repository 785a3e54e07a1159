"""Every project file in the docs loads, and every command in them is one that there is."""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from fairlead.cli.main import fairlead
from fairlead.project.loader import load_project
from fairlead.project.reference import SECTIONS

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("README.md"))]
BASE = ROOT / "examples" / "quickstart" / "fairlead.yaml"


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, its text."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(*languages):
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
            if match[1] in languages:
                found.append(Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2]))
    return found


def command_lines(block):
    """What is typed: every line of sh, lines after a prompt of console; without comments."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if block.language == "console" and not line.startswith("$ "):
            continue
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words:
            yield words


YAML = [block for block in blocks("yaml") if "reference" not in block.page.parts]


@pytest.mark.parametrize("block", YAML, ids=str)
def test_a_project_file_loads(block, tmp_path):
    """A whole one as it stands; a part of one in place of the same part of the quickstart."""
    keys = re.findall(r"^(\w+):", block.text, re.M)
    assert set(keys) <= set(SECTIONS), "a yaml block is a project file or sections of one"
    text = block.text
    if "name" not in keys:
        base = re.split(r"^(?=\w)", BASE.read_text(), flags=re.M)
        text += "".join(part for part in base if part.partition(":")[0] not in keys)
    file = tmp_path / "fairlead.yaml"
    file.write_text(text)
    for folder in re.findall(r"source: (\./\w+)", text):
        (tmp_path / folder).mkdir(exist_ok=True)
    project = load_project(file)
    for environment in project.environments:
        assert project.outline(environment).services


SHELL = blocks("sh", "console")


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_exist(block):
    for words in command_lines(block):
        for command in split(words):
            check(command)


def split(words):
    """The single commands of a line."""
    command = []
    for word in [*words, "&&"]:
        if word in ("&&", "|", "&") or word.endswith(";"):
            command += [word[:-1]] if len(word) > 1 and word.endswith(";") else []
            if command:
                yield command
            command = []
        else:
            command.append(word)


def check(command):
    program, *arguments = command
    if program == "fairlead":
        check_fairlead(fairlead, arguments, "fairlead")
    elif program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
        assert [word for word in arguments if "=" not in word and word not in targets] == []
    elif "/" in program:
        assert os.access(ROOT / program, os.X_OK), f"{program} is not there"
    else:
        assert program in KNOWN, f"{program}: what is it?"


#: Programs of the system that the docs may use
KNOWN = {"cd", "cp", "curl", "echo", "export", "git", "kill", "mkdir", "pip", "sleep", "ssh-keygen", "watch"}


def check_fairlead(command, arguments, name, parent=None):
    """Parse it as the program would, without doing it."""
    if ">" in arguments:
        arguments = arguments[: arguments.index(">")]
    context = command.make_context(name, list(arguments), parent)
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        assert rest, f"{name}: which command?"
        found = command.get_command(context, rest[0])
        assert found is not None, f"{name} has no command {rest[0]}"
        check_fairlead(found, rest[1:], rest[0], context)
