"""The team's own files: `${NAME}` filled in, strictly, and the result held against what its reader must find.

A value comes through exactly as it is, or it is an error. To know, the template is read twice by a parser of its
format: with marks that mean nothing in place of the values, and with the values. What was found must be the same but
for the values themselves, so a quote in one of them breaks nothing and no value can bring in keys of its own. Where
the format can write a value that has a special character, it is written so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fairlead.errors import ConfigurationError, Finding
from fairlead.project import placeholders
from fairlead.project.placeholders import Found
from fairlead.project.problem import MOST, did_you_mean
from fairlead.render.checking import Fault, check
from fairlead.render.formats.table import format_of

LARGEST = 512 * 1024  #: bytes; the pure reader of YAML needs seconds for more


def decode(data: bytes, file: str) -> str:
    """The text of a template. ConfigurationError, with what to do, when it is not plain UTF-8 or too large."""
    if len(data) > LARGEST:
        raise _one(file, f"larger than {LARGEST // 1024} KiB, which no template needs")
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise _one(file, "begins with a byte order mark; save the file as UTF-8 without one")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        raise _one(file, f"not UTF-8 (byte {data[error.start]:#04x}); save the file as UTF-8", line, column) from None


def _one(file: str, message: str, line: int = 1, column: int = 1) -> ConfigurationError:
    return ConfigurationError([Finding(file, line, column, "", message)])


@dataclass(frozen=True, slots=True)
class _Template:
    text: str
    file: str

    def finding(self, offset: int, message: str) -> Finding:
        before = self.text[:offset]
        return Finding(self.file, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1, "", message)


def used(text: str) -> tuple[str, ...]:
    """The names that a template uses, each once, in order."""
    return tuple(dict.fromkeys(found.name for found in placeholders.find(text) if found.name))


def render_template(
    text: str,
    values: Mapping[str, str],
    format: str = "text",
    file: str = "template",
    secrets: Collection[str] = (),
) -> str:
    """`text` with every `${NAME}` replaced by `values[NAME]`, as `format` (json, yaml, xml, nginx, text) needs it.

    `secrets` are names that there are but that this template may not use. ConfigurationError with every finding, at
    `file:line:column`; no message has a value in it. FairleadError when the reader of the format is not installed.
    """
    template, places = _Template(text, file), list(placeholders.find(text))
    findings = [template.finding(one.start, wrong) for one in places if (wrong := _wrong(one, values, secrets))]
    if findings:
        raise ConfigurationError(findings[:MOST])
    reader = format_of(format)
    if reader is None:
        return placeholders.expand(text, values)
    try:
        return check(text, places, values, reader)
    except Fault as fault:
        found = [template.finding(offset, message) for offset, message in sorted(fault.places)]
        raise ConfigurationError(found[:MOST]) from None


def _wrong(found: Found, values: Mapping[str, str], secrets: Collection[str]) -> str:
    """What is wrong with one place; empty when nothing is."""
    name = found.name
    if found.wrong or not name:
        return found.wrong
    if name in values:
        return "" if values[name] else f"${{{name}}} is empty; nothing must stand here by accident, so give it a value"
    if name in secrets:
        return f"${{{name}}} is secret; say `secret: true` for this template, which is then handed over like a secret"
    if name in placeholders.NAMES:
        return f"${{{name}}} has no value in a template: it is known only when an instance is started"
    return f"${{{name}}} has no value{did_you_mean(name, values) or '; declare it under variables'}"
