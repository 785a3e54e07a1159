"""Damaged files with every section in them end in findings, never in a traceback: the file, and `.env.ENVIRONMENT`."""

# ruff: noqa: E501 - a table of pieces

import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead.errors import FairleadError
from fairlead.project.budget import budgets
from fairlead.project.given import DotEnv
from fairlead.project.origins import origins
from fairlead.project.parity import drift
from fairlead.project.project import parse_project
from fairlead.project.reference import SECTIONS, section_docs

HEAD = {"name": "name: shop\n"}
LEFT_OUT = {"environments"}  #: its example needs what the other examples do not have
ENVIRONMENTS = """\
environments:
  local: {edge: {http: 8080}, variables: {LOG_LEVEL: debug, WORKERS: 3}, services: {web: {replicas: 3}}}
  production:
    runtime: docker
    edge: {https: 443}
    secret_backend: environment
    stores: {db: {databases: {shop: {used_by: {worker: null}}}}}
    services: {worker: null, api: {pools: {db: {size: "${WORKERS}"}}, env: {LOG_LEVEL: "${LOG_LEVEL}-${ORDER_ID}"}}}
"""
WHOLE = "".join(HEAD.get(name) or section_docs(name) for name in SECTIONS if name not in LEFT_OUT) + ENVIRONMENTS
for _name in ("NPM_TOKEN", "SCANNER_KEY", "ORDERS_URL", "REGISTRY_TOKEN"):
    WHOLE = WHOLE.replace(_name, "API_TOKEN")
DOTENV = "LOG_LEVEL=debug\nORDER_ID='654321'\nWORKERS=\"2\" # two\nexport OTHER=${LOG_LEVEL:-x}\n"
PIECES = [
    "null", "{}", "[]", "- ", ": ", "${", "${LOG_LEVEL}", "$${", '"', "'", "\t", "\n", "&a", "*a", "<<: *a", "!!int", "|",
    "type: regex", "pattern: '(a+)+$'", "type: enum", "secret: true", "default: changeme", "like: web", "1e999", "é", "\0",
    "uses: [db]", "may_differ: [a..b, '*', '[0]']", "size: ${NOPE}", "format: json", "from: ../x", "rotate: 90d", "  ", "#",
]  # fmt: skip


def looked_at(text, dotenv):
    """Everything that reads a project, on what there is of it."""
    try:
        project = parse_project(text, Path("/nowhere"), dotenv={"local": DotEnv(".env.local", dotenv)})
    except FairleadError:
        return
    for name in project.environments:
        assert budgets(project.outline(name)) is not None
        assert origins(project, name)
        assert isinstance(project.unmet[name], tuple)
    drift(project)


def test_the_whole_is_looked_at():
    project = parse_project(WHOLE, Path("/nowhere"), dotenv={"local": DotEnv(".env.local", DOTENV)})
    assert [finding.path for finding in project.unmet["local"]] == ["OTHER"]
    assert drift(project) and origins(project, "production")


def damaged(text, draw):
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(text) + 1)
        match draw.randrange(4):
            case 0:
                text = text[:at] + draw.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[at + draw.randint(1, 30) :]
            case 2:
                end = text.find("\n", at)
                text = text[:at] + " " + draw.choice(PIECES) + (text[end:] if end >= 0 else "")
            case _:
                line = text.rfind("\n", 0, at) + 1
                text = text[:line] + " " * draw.randrange(9) + draw.choice(PIECES) + "\n" + text[line:]
    return text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_a_damaged_project_ends_in_findings(draw):
    assert isinstance(draw, random.Random)
    looked_at(damaged(WHOLE, draw), damaged(DOTENV, draw))


SMALL = "name: shop\nservices: {web: {command: 'x ${A}'}}\nvariables: {A: %s}\nenvironments: {local: {}}\n"


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=40), st.text(max_size=60))
def test_any_pattern_and_any_value_end_in_findings(pattern, value):
    quoted = '"' + pattern.encode("unicode_escape").decode().replace('"', "") + '"'
    looked_at(SMALL % f"{{type: regex, pattern: {quoted}}}", f"A={value}")
