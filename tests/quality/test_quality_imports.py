"""The import contract holds, and each of its rules breaks when it is broken."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT, SOURCE

LINT = Path(sys.executable).with_name("lint-imports")

BREACHES = {
    "upwards": ("ledger/entry.py", "import fairlead.rollout.plan", "Packages import downwards only"),
    "sideways": ("runtimes/base.py", "import fairlead.edges.base", "Packages import downwards only"),
    "impure": ("render/traefik.py", "import fairlead.system.files", "do no input or output"),
    "subprocess": ("operations/doctor.py", "import subprocess", "Only fairlead.system starts processes"),
    "engine": ("rollout/executor.py", "import fairlead.runtimes.process.runtime", "not the kinds there are"),
    "circle": ("ledger/merkle.py", "import fairlead.ledger.verify", "No package imports in a circle"),
}  # fmt: skip


def lint(folder):
    """The contract of this repository, applied to the package in that folder."""
    shutil.copy(ROOT / ".importlinter", folder)
    # the script puts the working folder first, so that the copy is found before the installed package
    done = subprocess.run([LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def copied(folder):
    """The package, in there."""
    shutil.copytree(SOURCE, folder / "fairlead", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """What is said of a package with every breach in it, by the contract that is broken: to read all of it takes
    most of the time, however many breaches there are."""
    folder = copied(tmp_path_factory.mktemp("breaches"))
    for file, line, _ in BREACHES.values():
        path = folder / "fairlead" / file
        path.write_text(f"{path.read_text()}\n{line}\n")
    code, said = lint(folder)
    assert code == 1, said
    summary, _, details = said.partition("Broken contracts")
    names = [text.rstrip().removesuffix("BROKEN").strip() for text in summary.splitlines() if "BROKEN" in text]
    parts = re.split(f"^({'|'.join(map(re.escape, names))})$", details, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_found(broken, name):
    """Under the contract that it breaks, by the two modules: no other breach is taken for it."""
    file, line, contract = BREACHES[name]
    said = next(text for one, text in broken.items() if contract in one)
    importer, imported = f"fairlead.{file.removesuffix('.py').replace('/', '.')}", line.removeprefix("import ")
    if name == "circle":  # is told of a package, from one of the two to the other
        package, one = importer.rsplit(".", 1)
        other = imported.removeprefix(f"{package}.")
        _, _, said = said.partition(f"No cycles are allowed in {package}.\n")
        ways = (f"- .{one} -> .{other} ", f"- .{other} -> .{one} ")
        assert any(way in said.partition("No cycles")[0] for way in ways), said
    else:
        assert re.search(rf"{re.escape(importer)} -> {re.escape(imported)}\b", said), said


def test_the_code_keeps_the_contract(tmp_path):
    code, said = lint(tmp_path)
    assert code == 0, said
