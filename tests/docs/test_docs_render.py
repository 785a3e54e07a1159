"""The guides to rendering and templates: their commands run, in order, and say what the page says."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.errors import ConfigurationError
from fairlead.operations.render import look, render
from fairlead.project.loader import load_project
from fairlead.render.template import render_template

ROOT = Path(__file__).parent.parent.parent
GUIDES = ROOT / "docs" / "guides"


@pytest.fixture
def quickstart(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "examples" / "quickstart", tmp_path / "it", ignore=shutil.ignore_patterns("rendered"))
    monkeypatch.chdir(tmp_path / "it")
    return tmp_path / "it"


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", (GUIDES / page).read_text(), re.M | re.S)


def with_sections(folder, text):
    """The quickstart with these sections in place of its own."""
    file = folder / "fairlead.yaml"
    keys = re.findall(r"^(\w+):", text, re.M)
    parts = re.split(r"^(?=\w)", file.read_text(), flags=re.M)
    file.write_text(text + "".join(part for part in parts if part.partition(":")[0] not in keys))
    return file


def test_the_commands_of_rendering_run(quickstart):
    lines = [line for block in blocks("render.md", "sh") for line in block.splitlines()]
    assert lines == ["fairlead render local", "fairlead render local --check"]
    for line in lines:
        program, *arguments = shlex.split(line)
        done = subprocess.run([Path(sys.executable).with_name(program), *arguments], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_table_has_every_file(quickstart):
    file = with_sections(quickstart, blocks("render.md", "yaml")[0])
    text = file.read_text().replace("runtime: docker", "runtime: process, edge: {http: 8080}")
    text += "stores: {db: {kind: postgres, databases: {shop: {migrations: db}}}}\n"
    (quickstart / "db").mkdir()
    (quickstart / "db" / "V1__a.sql").write_text("create table a ()")
    file.write_text(
        re.sub(r"^jobs:.*\n(  .*\n)*", "", text, flags=re.M).replace("port: 8000\n", 'port: 8000\n    routes: ["/"]\n')
    )
    made = {path.partition("/")[0] for path in render(load_project(file), "local").files}
    file.write_text(
        file.read_text().replace("runtime: process", "runtime: docker")
    )  # there the edge is a container too
    made |= {path.partition("/")[0] for path in render(load_project(file), "local").files}
    named = set(re.findall(r"^\| `([^`]+)` \|", (GUIDES / "render.md").read_text(), re.M))
    assert made == {name.rstrip("/") for name in named}


def test_the_templates_of_the_page_are_filled_in_and_the_error_is_as_it_says(quickstart):
    first, secret, _ = blocks("templates.md", "yaml")
    file = with_sections(quickstart, first)
    nginx = quickstart / "nginx.template.conf"
    nginx.write_text("listen 80;\nserver_name ${PUBLIC_HOST} $host;\n")
    (quickstart / "keycloak").mkdir()
    (quickstart / "keycloak" / "realm.template.json").write_text('{"seconds": ${PORTAL_SECONDS}}')
    files = look(load_project(file), "local")[1]
    assert files["web/nginx.conf"] == b"listen 80;\nserver_name shop.example.com $host;\n"
    assert files["keycloak/realm.json"] == b'{"seconds": 300}'
    nginx.write_text("listen 80;\nserver_name ${PUBLIC_HOTS};\n")
    with pytest.raises(ConfigurationError) as caught:
        look(load_project(file), "local")
    assert str(caught.value.findings[0]).endswith(blocks("templates.md", "text")[0].strip())
    (quickstart / "smtp.template.conf").write_text("password ${SMTP_PASSWORD}\n")
    result, files = look(load_project(with_sections(quickstart, secret)), "local")
    assert result.secret == ("smtp.conf",) and "smtp.conf" not in files


def test_the_table_of_the_syntax():
    made = render_template("${A} $NAME $1 5$ $${DB_URL:none}", {"A": "a"})
    assert made == "a $NAME $1 5$ ${DB_URL:none}"
