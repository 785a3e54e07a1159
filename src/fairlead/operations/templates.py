"""The templates of a project, read from its folder and filled in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.errors import ConfigurationError, Finding
from fairlead.project.loader import shown_path
from fairlead.project.stack import SecretSpec, Stack, Template
from fairlead.render.template import decode, render_template

STAND_INS = {
    "url": "https://example.com", "port": "1", "int": "1", "bool": "true", "duration": "1s", "size": "1M",
    "e-mail": "somebody@example.com", "hex": "00", "base64": "AAAA", "json": "{}",
}  # fmt: skip
"""What stands for a secret of that type while a template is only checked."""


def plain_values(stack: Stack) -> dict[str, str]:
    """What every template may use."""
    return {**stack.variables, "PROJECT": stack.project, "ENVIRONMENT": stack.environment}


def plain_files(stack: Stack, root: Path) -> dict[str, bytes]:
    """Every template filled in, by where it goes; those with secrets are checked, and left out.

    ConfigurationError with every finding of all of them.
    """
    files: dict[str, bytes] = {}
    findings: list[Finding] = []
    for template in stack.templates:
        try:
            text = _filled(template, stack, root)
        except ConfigurationError as error:
            findings += error.findings
        else:
            files |= {} if template.secret else {template.target: text.encode()}
    if findings:
        raise ConfigurationError(findings)
    return files


def secret_targets(stack: Stack) -> tuple[str, ...]:
    """Where those go that are handed over at deployment only."""
    return tuple(one.target for one in stack.templates if one.secret)


def secret_texts(stack: Stack, root: Path) -> dict[str, str]:
    """The templates with secrets as they are, by where they go."""
    return {one.target: read_template(one, root) for one in stack.templates if one.secret}


def _filled(template: Template, stack: Stack, root: Path) -> str:
    values, names = plain_values(stack), [one.name for one in stack.secrets]
    if template.secret:
        values = dict(_stand_ins(stack.secrets)) | values
    text = read_template(template, root)
    return render_template(text, values, template.format, shown_path(root / template.source), names)


def _stand_ins(secrets: tuple[SecretSpec, ...]) -> Iterator[tuple[str, str]]:
    for one in secrets:
        yield one.name, STAND_INS.get(one.type or "", "stand-in")


def read_template(template: Template, root: Path) -> str:
    """The text of a template. ConfigurationError when it cannot be read, or lies outside of the project."""
    path = root / template.source
    file = shown_path(path)
    try:
        if not path.resolve(strict=True).is_relative_to(root.resolve()):
            raise _wrong(file, "leads out of the project's folder")
        return decode(path.read_bytes(), file)
    except FileNotFoundError:
        raise _wrong(file, "no such file; a template of that name is listed under templates") from None
    except OSError as error:
        raise _wrong(file, f"could not be read: {error.strerror}") from None


def _wrong(file: str, message: str) -> ConfigurationError:
    return ConfigurationError([Finding(file, 1, 1, "", message)])
