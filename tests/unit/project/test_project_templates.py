"""Rules of templates: a place of its own for each, and services that there are."""

import pytest
from project_files import findings, small

from fairlead.project.project import parse_project
from fairlead.project.rules.templates import OWN
from fairlead.render.files import generated
from fairlead.render.ways import Ways


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        ("{from: a, to: x/y}, {from: b, to: x/z}, {from: c, to: x.y}", []),
        ("{from: a, to: x}, {from: b, to: ./x}", ['"x" and that on line 6 cannot both be there']),
        ("{from: a, to: x}, {from: b, to: x/y}", ['"x/y" and that on line 6 cannot both be there']),
        ("{from: a, to: x/y}, {from: b, to: x}", ['"x" and that on line 6 cannot both be there']),
        (
            "{from: a, to: compose.yaml}",
            ['"compose.yaml" is where a file of Fairlead\'s own goes'],
        ),
        ("{from: a, to: traefik/x}", ['"traefik/x" is where a file of Fairlead\'s own goes; choose another name']),
        ("{from: a, to: ../x}", ['expected a relative path inside the project, without .., got "../x"']),
        ("{from: a, to: x, services: [web]}", ["only a template with `secret: true` is handed over to services"]),
        ("{from: a, to: x, secret: true, services: [wweb]}", ['there is no service "wweb"; did you mean "web"?']),
        ("{from: a, to: x, secret: true, services: [web]}", []),
    ],
)
def test_places(templates, expected):
    found = findings(small(top=f"templates: [{templates}]\n"))
    assert len(found) == len(expected)
    assert all(one in text for one, text in zip(expected, found, strict=True)), found


def test_what_fairlead_generates_has_its_places_reserved(tmp_path):
    text = small(top="stores: {db: {kind: postgres}}\n")
    project = parse_project(text, tmp_path)
    files = [path for name in project.environments for path in generated(project.outline(name), Ways(), {})]
    assert files and {path.partition("/")[0] for path in files} <= OWN
