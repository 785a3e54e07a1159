"""What an environment cannot be run for is said when it is to be run, and only then."""

# ruff: noqa: E501

from pathlib import Path

import pytest
from project_files import WHOLE, small

from fairlead.errors import ConfigurationError
from fairlead.project.project import parse_project

NOT = "not built yet in this version of Fairlead"

CONTAINERS = "this needs runtime docker; on process give the url of one that somebody else runs"


def obstacles(text, environment="local"):
    project = parse_project(text, Path("/nowhere"))
    assert project.outline(environment).environment == environment
    try:
        project.stack(environment)
    except ConfigurationError as error:
        return [str(finding).removeprefix("fairlead.yaml:") for finding in error.findings]
    return []


CASES = {
    "a runtime": (small(environments="  local: {runtime: kubernetes}\n"), [f"7:11: environments.local.runtime: kubernetes is {NOT}; use process or docker"]),
    "a source alone on docker": (
        small(environments="  local: {runtime: docker}\n"),
        ["3:3: services.web: docker has no image to run it from; add `build` with a Dockerfile, or `image`"],
    ),
    "an image on docker": (small("    image: x\n    health: {command: y}\n", environments="  local: {runtime: docker}\n"), []),
    "files alone on docker": ("name: shop\nservices: {web: {source: s, static: dist}}\nenvironments: {local: {runtime: docker}}\n", []),
    "files of nowhere on docker": (
        "name: shop\nservices: {web: {static: dist}}\nenvironments: {local: {runtime: docker}}\n",
        ["2:18: services.web.static: docker has no files to serve; add `source`, the folder in which this one is"],
    ),
    "a job in an image of files alone": (
        "name: shop\nservices: {web: {source: s, static: dist}}\njobs: {a: {like: web, command: b}}\nenvironments: {local: {runtime: docker}}\n",
        ["3:12: jobs.a.like: the image of that one has files and their server alone; have it made by a `build`"],
    ),
    "files with an image too": ("name: shop\nservices: {web: {source: s, build: {context: s}, static: dist}}\nenvironments: {local: {}}\n", []),
    "a host": (small(environments="  local: {host: 'ssh://a@b'}\n"), []),
    "stores that need containers": (
        small(top="stores: {a: {kind: redis}, b: {kind: container, image: x}, c: {kind: redis, command: y}}\n"),
        [
            f"6:32: stores.b.kind: {CONTAINERS}",
            f"6:77: stores.c.command: {CONTAINERS}",
        ],
    ),
    "a drill of nothing": (
        small(top="stores: {a: {kind: postgres, url: x, drill: {every: 1d}, databases: {b: {checks: [select 1]}}}}\n"),
        [
            "6:38: stores.a.drill: a drill restores a backup, and there is none of this store",
        ],
    ),
    "copies of the data files of one that is run as it is": (
        small("    image: x\n", top="stores: {a: {kind: postgres, command: c, backup: {logical: daily, to: /x, physical: {full: weekly}}}}\n", environments="  local: {runtime: docker}\n"),
        [
            "7:75: stores.a.backup.physical: of one that is run as it is this is not built yet in this version of Fairlead; use logical",
        ],
    ),
    "backups of what is not built": (
        small("stores: {a: {kind: redis, url: x, backup: {to: /x}}, b: {kind: postgres, backup: {physical: {differential: daily}}}}\n"),
        [
            "6:35: stores.a.backup: somebody else runs this store, so a copy of it is theirs to make",
            "6:74: stores.b.backup: say where backups go: to: s3://BUCKET/PREFIX, or a folder by its whole path",
        ],
    ),
    "pgBackRest in a container": (
        small("    image: x\nstores: {a: {kind: postgres, backup: {physical: {engine: pgbackrest}, to: s3://b}}, c: {kind: postgres, backup: {physical: {engine: pgbackrest}, to: /x}}}\n", environments="  local: {runtime: docker}\n"),
        ["7:50: stores.a.backup.physical.engine: in a container pgBackRest keeps to a folder, and this goes to S3; use builtin"],
    ),
    "backups of a volume": (
        small("volumes: {a: {backup: {to: /x}}, b: {path: /y, drill: {every: 7d}}}\n"),
        [
            "6:11: volumes.a: volumes are of an engine; on process say the folder: path: /srv/uploads",
            "6:48: volumes.b.drill: a drill restores a backup, and there is none of this volume",
        ],
    ),
    "a command as a check": (small("    health: {command: x}\n"), ["6:14: services.web.health.command: a command is asked in a container, which needs runtime docker; use ready"]),
    "an image alone": (
        small("    image: x\n  b: {like: web, source: y}\n"),
        ["6:5: services.web.image: an image needs runtime docker; on process use source and command"] * 2,
    ),
    "an image beside files": (small("    image: x\n    source: y\n    networks: [a]\n    resources: {cpu: 1}\n"), []),
    "what an environment adds": (
        small(environments="  local: {edge: {http: 1}, services: {b: {image: x}}}\n"),
        ["7:43: environments.local.services.b.image: an image needs runtime docker; on process use source and command"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_run_is_named_where_it_stands(case):
    text, expected = CASES[case]
    assert obstacles(text) == expected


def test_another_environment_is_no_obstacle():
    text = small(environments="  local: {edge: {http: 1}}\n  far: {runtime: kubernetes}\n")
    assert obstacles(text) == []
    assert len(obstacles(text, "far")) == 1


def test_the_whole_schema_can_be_looked_at():
    assert [one for one in obstacles(WHOLE, "production") if "has no value" not in one] == []
