"""What must not be committed, and what every committed page has to keep."""

import re
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from repository import ROOT, committed, shown

#: Written in two parts, so that this file does not hold what it looks for.
HOSTS = ("pypi" + ".org", "python" + "hosted", "npm" + "js.org", "deb.debian" + ".org", "--index" + "-url ")

REQUIREMENTS = [file for file in committed(".txt") if file.name.startswith("requirements")]


def texts():
    for file in committed():
        try:
            yield file, file.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_names_a_package_index():
    found = [f"{shown(file)}: {host}" for file, text in texts() for host in HOSTS if host in text]
    assert found == []


def test_no_file_names_a_path_of_this_machine():
    places = [str(place) for place in (ROOT, Path.home(), Path(sys.prefix)) if len(place.parts) > 2]
    found = []
    for file, text in texts():
        found += [f"{shown(file)}: {place}" for place in places if re.search(rf"{re.escape(place)}(?![\w.-])", text)]
    assert found == []


@pytest.mark.parametrize("file", REQUIREMENTS, ids=shown)
def test_requirements_are_pinned_and_carry_no_addresses(file):
    text = file.read_text()
    assert not re.search(r"://|--(index|extra-index|find-links|trusted-host)|^-[if]\b|@ ", text, re.M)
    items = [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    assert items
    assert [item for item in items if "==" not in item] == []
    if file.parent == ROOT:
        assert [item for item in items if "--hash=sha256:" not in item] == []


def test_requirements_hold_all_that_the_project_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {
        "requirements.txt": [*project["dependencies"], *extras["embedded"]],
        "requirements-dev.txt": [*project["dependencies"], *extras["embedded"], *extras["dev"]],
    }
    for name, items in wanted.items():
        pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / name).read_text(), re.M))
        names = {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", item)[0]).lower() for item in items}
        assert names - pinned == set(), f"{name} is out of date: scripts/lock"


def test_requirements_agree_with_each_other():
    def pins(name):
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.M))

    run, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: dev.get(name) for name in run} == run


def test_no_two_test_files_have_the_same_name():
    """In folders that are no packages they would be one module, and pytest would run nothing at all."""
    names = Counter(file.name for file in committed(".py") if file.name.startswith("test_") and not _in_package(file))
    assert [name for name, count in names.items() if count > 1] == []


def _in_package(file: Path) -> bool:
    return (file.parent / "__init__.py").exists()


PAGES = committed(".md")


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_of_a_page_resolve(page):
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)|\bsrc=\"([^\"]+)\"", _prose(page)):
        link = "".join(target)
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            found.append(f"{link}: there is no such file")
        elif anchor and anchor not in _anchors(file):
            found.append(f"{link}: there is no such heading")
    assert found == []


def _prose(page: Path) -> str:
    """The page without its code blocks and code in lines."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.M | re.S))


def _anchors(page: Path) -> set[str]:
    """The names of its headings, as they are made from the text by the usual renderers of Markdown."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [page for page in PAGES if ROOT / "docs" in page.parents], ids=shown)
def test_every_page_of_the_docs_can_be_found(page):
    """From docs/README.md, by links alone."""
    start = ROOT / "docs" / "README.md"
    reached, waiting = set(), [start]
    while waiting:
        file = waiting.pop()
        if file in reached or not file.exists() or file.suffix != ".md":
            continue
        reached.add(file)
        links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", file.read_text("utf-8"))
        waiting += [(file.parent / link).resolve() for link in links if "://" not in link]
    assert page.resolve() in reached
