"""Everything that is generated of one environment: a stack in, files out."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.project.stack import Stack
from fairlead.render.compose import beside, compose_project
from fairlead.render.process import process_files
from fairlead.render.ways import Ways
from fairlead.render.yaml import yaml_text

COMPOSE = "compose.yaml"
SAID = "Made by `fairlead render {environment}`. Change fairlead.yaml, and render again."


def generated(stack: Stack, ways: Ways, texts: Mapping[str, str]) -> dict[str, bytes]:
    """The files, by their path below the folder of rendered files. FairleadError when a variable has no value.

    `texts` are the templates with secrets, by where they go.
    """
    files: dict[str, str] = {}
    if stack.runtime == "process":
        files |= process_files(stack, ways)
    if document := compose_project(stack, ways.base):
        files[COMPOSE] = yaml_text(document, SAID.format(environment=stack.environment))
        files |= beside(stack, document, ways.base, texts)
    return {path: text.encode() for path, text in files.items()}
