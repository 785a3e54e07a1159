"""The import contract holds, and each of its rules breaks when it is broken."""

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


@pytest.fixture
def package(tmp_path):
    shutil.copytree(SOURCE, tmp_path / "fairlead", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_found(package, name):
    file, line, contract = BREACHES[name]
    path = package / "fairlead" / file
    path.write_text(f"{path.read_text()}\n{line}\n")
    code, said = lint(package)
    assert code == 1, said
    assert any(contract in text and text.rstrip().endswith("BROKEN") for text in said.splitlines()), said


def test_the_code_keeps_the_contract(package):
    code, said = lint(package)
    assert code == 0, said
