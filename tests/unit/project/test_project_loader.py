"""From the disk: what a file can be instead of a project, and what the quick look costs."""

# ruff: noqa: E501 - messages stand on one line, as they are printed

import subprocess
import sys

import pytest
from project_files import QUICKSTART

from fairlead.errors import ConfigurationError
from fairlead.project.loader import LARGEST, load_project, peek


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "fairlead.yaml"


def refusal(path):
    with pytest.raises(ConfigurationError) as caught:
        load_project(path)
    return [str(finding) for finding in caught.value.findings], caught.value.hint


def test_the_quickstart_loads_as_it_stands(file):
    file.write_text(QUICKSTART)
    project = load_project(file)
    assert (project.name, project.environments, project.root) == ("quickstart", ("local",), file.parent)


def test_a_relative_path_has_an_absolute_root(file):
    file.write_text(QUICKSTART)
    assert load_project(file.relative_to(file.parent)).root == file.parent


def test_a_finding_is_file_line_column_path_and_message(file):
    file.write_text("name: shop\nservices:\n    web:\n        command: serve\n\n\n        replicas: two\n")
    assert refusal(file)[0] == [
        'fairlead.yaml:1:1: "environments" is missing; add at least one, for example '
        "environments: {local: {runtime: process, edge: {http: 8080}}}",
        'fairlead.yaml:7:9: services.web.replicas: expected a whole number ≥ 1, got "two"',
    ]


def test_missing(file):
    hint = "run `fairlead init` to write one, or go to the folder that has it"
    assert refusal(file) == (["fairlead.yaml:1:1: no such file"], hint)


def test_below_a_file(file):
    file.write_text("x")
    assert refusal(file / "fairlead.yaml")[0] == ["fairlead.yaml/fairlead.yaml:1:1: no such file"]


def test_a_folder(file):
    (file.parent / "shop").mkdir()
    hint = "name the file in it, for example shop/fairlead.yaml"
    assert refusal(file.parent / "shop") == (["shop:1:1: a folder, not a file"], hint)


def test_outside_the_working_directory_the_path_is_whole(file, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "fairlead.yaml"
    assert refusal(elsewhere)[0] == [f"{elsewhere}:1:1: no such file"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("name: x".encode("utf-8-sig"), "1:1: begins with a byte order mark; save the file as UTF-8 without a byte order mark"),
        ("name: x".encode("utf-16"), "1:1: begins with UTF-16; save the file as UTF-8 without a byte order mark"),
        ("a: 1\nname: é\xe9".encode("latin-1"), "2:7: not UTF-8 (byte 0xe9); save the file as UTF-8"),
        ("name: é".encode() + b"\xff", "1:8: not UTF-8 (byte 0xff); save the file as UTF-8"),
        (b"#" * (LARGEST + 1), "1:1: larger than 512 KiB, which no project file needs"),
        (b"", "1:1: the file is empty; expected a mapping with name, services and environments"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_project(file, data, expected):
    file.write_bytes(data)
    assert refusal(file)[0] == [f"fairlead.yaml:{expected}"]


def test_windows_line_ends_are_line_ends(file):
    file.write_bytes(QUICKSTART.replace("\n", "\r\n").encode())
    assert load_project(file).stack("local").service("worker").command == ".venv/bin/python worker.py"


def test_peek_sees_the_name_and_the_environments(file):
    file.write_text(QUICKSTART + "  # more\n")
    assert peek(file) == ("quickstart", ("local",))


def test_peek_is_not_disturbed_by_what_it_does_not_look_at(file):
    file.write_text(QUICKSTART.replace("replicas: 2", "replicas: two"))
    assert peek(file) == ("quickstart", ("local",))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: quickstart", "name: ../up", '1:1: name: expected a name such as shop (a to z, 0 to 9 and -, at most 40 characters), got "../up"'),
        ("  local:", "  ../up:", '20:3: environments.../up: expected a name such as shop (a to z, 0 to 9 and -, at most 40 characters), got "../up"'),
        ("name: quickstart\n", "", '1:1: "name" is missing; add, for example, name: shop'),
    ],
)  # fmt: skip
def test_peek_says_what_is_wrong_with_what_it_looks_at(file, old, new, expected):
    file.write_text(QUICKSTART.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        peek(file)
    assert f"fairlead.yaml:{expected}" in [str(finding) for finding in caught.value.findings]


def modules(code: str, *arguments: str) -> set[str]:
    """The modules that a fresh Python has after `code`."""
    script = f"import sys, pathlib\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_peek_does_without_the_validator(file):
    file.write_text(QUICKSTART)
    loaded = modules("from fairlead.project.loader import peek; peek(pathlib.Path(sys.argv[1]))", str(file))
    assert "ruamel.yaml" in loaded
    assert not {"pydantic", "pydantic_core", "fairlead.project.sections"} & loaded


def test_importing_the_way_in_and_the_stack_costs_neither_yaml_nor_the_validator():
    loaded = modules("import fairlead.project.loader, fairlead.project.stack, fairlead.project.placeholders")
    assert not {"pydantic", "ruamel.yaml"} & loaded
