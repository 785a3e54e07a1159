"""What is rendered of the runtime `process`."""

import json
from pathlib import Path

import pytest

from fairlead.project.project import parse_project
from fairlead.render.process import process_files
from fairlead.render.ways import Ways

FILE = """\
name: shop
services: {web: {source: ./app, command: serve, port: 8000, routes: [/]}}
environments: {local: {runtime: process, edge: EDGE}}
"""


@pytest.mark.parametrize(
    ("edge", "points"),
    [
        ("{http: 8080}", {"web"}),
        ("{https: 8443}", {"websecure"}),
        ("{http: 8080, https: 8443}", {"web", "websecure"}),
    ],
)
def test_routes_are_at_every_entry_point_that_listens(edge, points):
    stack = parse_project(FILE.replace("EDGE", edge), Path("/p")).outline("local")
    files = process_files(stack, Ways("../..", "rendered/local"))
    listens = json.loads(files["traefik/traefik.yml"])["entryPoints"].keys() - {"api"}
    routers = json.loads(files["traefik/dynamic/routes.yml"])["http"]["routers"].values()
    assert listens == {point for one in routers for point in one.get("entryPoints", ())} == points
