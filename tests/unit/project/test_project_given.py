"""Values from `.env.ENVIRONMENT`: precedence, and what an environment lacks; messages word for word, places exact."""

# ruff: noqa: E501 - messages stand on one line, as they are printed

import os
from pathlib import Path

import pytest
from project_files import small

from fairlead.errors import ConfigurationError
from fairlead.project.given import DotEnv
from fairlead.project.loader import LARGEST_DOTENV, load_project
from fairlead.project.project import parse_project

VARIABLES = """\
variables:
  URL: {type: url, example: https://shop.example.org}
  LEVEL: {type: enum, values: [debug, info], default: info}
  EXTRA: {required: false}
  TOKEN: {secret: true}
secrets: {KEY: {}}
"""


def project(dotenv, variables=VARIABLES, services="", environments="  local: {edge: {http: 8080}}\n"):
    text = small(services, variables, environments)
    return parse_project(text, Path("/nowhere"), dotenv={"local": DotEnv(".env.local", dotenv)} if dotenv else {})


def lacking(dotenv, **given):
    made = project(dotenv, **given)
    assert made.outline("local").environment == "local"
    try:
        made.stack("local")
    except ConfigurationError as error:
        return [str(finding) for finding in error.findings]
    return []


MISSING = "fairlead.yaml:7:3: variables.URL: has no value in local; put URL=https://shop.example.org into .env.local, or give it one under environments.local.variables"
CASES = {
    "nothing given": ("", [MISSING]),
    "all given": ("URL=https://a.example.com\nLEVEL=debug\nEXTRA=\n", []),
    "of another type": ("URL=shop\n\n  LEVEL='warn'", [
        ".env.local:1:1: URL: expected a URL such as https://www.example.org",
        ".env.local:3:3: LEVEL: expected one of debug, info",
    ]),
    "empty": ("URL=", [".env.local:1:1: URL: is empty in local; put in a value such as https://shop.example.org, or say required: false"]),
    "the example": ("URL=https://shop.example.org", [".env.local:1:1: URL: an example is left in place; put in what local uses"]),
    "a placeholder": ("URL=https://your-domain.com\nEXTRA=changeme", [
        ".env.local:1:1: URL: an example is left in place; put in what local uses",
        ".env.local:2:1: EXTRA: an example is left in place; put in what local uses",
    ]),
    "an unknown name": ("URL=https://a.b\nLEVLE=info\nOTHER=1", [
        '.env.local:2:1: LEVLE: there is no variable "LEVLE"; did you mean "LEVEL"?',
        '.env.local:3:1: OTHER: there is no variable "OTHER"; declare it under variables, or remove it here',
    ]),
    "secrets": ("URL=https://a.b\nTOKEN=canary\nKEY=canary", [
        ".env.local:2:1: TOKEN: a secret, in a file that everybody can read; keep it with `fairlead secrets import local .env.local`, and take it out of this file",
        ".env.local:3:1: KEY: a secret, in a file that everybody can read; keep it with `fairlead secrets import local .env.local`, and take it out of this file",
    ]),
    "what cannot be read": ("URL=https://a.b\nLEVEL='info", [".env.local:2:7: LEVEL: the quote ' is not closed before the end of the file"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_an_environment_lacks_is_said_where_it_is(case):
    text, expected = CASES[case]
    found = lacking(text)
    assert found == expected
    assert "canary" not in str(found)


def test_a_file_comes_before_an_overlay_and_that_before_the_default():
    environments = "  local: {edge: {http: 8080}, variables: {LEVEL: debug, URL: 'https://over.lay'}}\n"
    made = project("URL=https://fi.le\n", environments=environments)
    assert made.stack("local").variables == {"URL": "https://fi.le", "LEVEL": "debug"}
    assert project("").outline("local").variables == {"LEVEL": "info"}


def test_an_overlay_left_as_the_example_is_found():
    environments = "  local: {edge: {http: 8080}, variables: {URL: 'https://shop.example.org'}}\n"
    found = lacking("", environments=environments)
    assert found == [
        "fairlead.yaml:13:43: environments.local.variables.URL: an example is left in place; put in what local uses"
    ]


def test_what_needs_no_value_has_one_where_it_is_used():
    found = lacking("URL=https://a.b", services="    env: {A: '${EXTRA}'}\n")
    assert found == ["fairlead.yaml:6:11: services.web.env.A: ${EXTRA} has no value in local; put it into .env.local"]


def test_the_size_of_a_pool_is_a_number_in_the_end():
    variables = "variables: {N: {type: int, default: 5}}\nstores: {db: {kind: postgres}}\n"
    services = "    pools: {db: {size: '${N}'}}\n"
    assert project("N=7", variables, services).outline("local").services[0].pools[0].size == 7
    made = project("N=-7", variables, services)
    assert [str(one) for one in made.unmet["local"]] == [
        "fairlead.yaml:6:18: services.web.pools.db.size: expected a whole number, and that is not what ${N} comes to in local"
    ]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("fairlead.yaml").write_text(
        small(
            top=VARIABLES,
            environments="  local: {edge: {http: 1}}\n  far: {edge: {http: 2}, variables: {URL: 'https://a.b'}}\n",
        )
    )
    return tmp_path


def test_files_are_read_by_the_names_of_environments(folder):
    Path(".env.local").write_bytes(b"\xef\xbb\xbfURL=https://lo.cal\r\n")
    Path(".env.other").write_bytes(b"\xff")
    Path(".env.far.example").write_text("URL=https://no.where")
    loaded = load_project(Path("fairlead.yaml"))
    assert loaded.stack("local").variables["URL"] == "https://lo.cal"
    assert loaded.stack("far").variables["URL"] == "https://a.b"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"A=1\nURL=\xff", ".env.local:2:5: not UTF-8 (byte 0xff); save the file as UTF-8"),
        (b"#" * (LARGEST_DOTENV + 1), ".env.local:1:1: larger than 256 KiB, which no file of variables needs"),
        (None, ".env.local:1:1: a folder, not a file"),
    ],
)
def test_a_file_that_cannot_be_read_concerns_its_environment_alone(folder, data, expected):
    Path(".env.local").mkdir() if data is None else Path(".env.local").write_bytes(data)
    loaded = load_project(Path("fairlead.yaml"))
    assert str(loaded.unmet["local"][0]) == expected
    assert loaded.stack("far").environment == "far"


def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(".env.local")
    loaded = load_project(Path("fairlead.yaml"))
    assert str(loaded.unmet["local"][0]) == ".env.local:1:1: not a file that can be read through"
