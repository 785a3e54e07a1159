"""The scripts run under any POSIX shell, and what make offers is what it explains."""

import os
import re
import subprocess

import pytest
from repository import ROOT, shown

SCRIPTS = sorted(
    file
    for file in [*(ROOT / "scripts").iterdir(), *(ROOT / "tests" / "images").glob("*/*"), ROOT / ".ci" / "run"]
    if file.is_file() and file.read_text().startswith("#!/bin/sh")
)

BASHISMS = r"\[\[|\]\]|(?<!/)\blocal\b|\bfunction\b|pipefail|\$\{\w+(\[|//|:\d)|<<<|&>|\bsource\b|\[ [^]]*=="


def test_there_are_scripts():
    assert len(SCRIPTS) >= 10


@pytest.mark.parametrize("script", SCRIPTS, ids=shown)
def test_a_script_is_plain_sh(script):
    assert os.access(script, os.X_OK)
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    code = [line for line in script.read_text().splitlines() if not line.lstrip().startswith("#")]
    assert [line for line in code if re.search(BASHISMS, line) and "grep" not in line] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=shown)
def test_a_script_stops_when_something_fails(script):
    """`set -e`, or `set -u` alone where all checks are to run and the outcome is kept."""
    assert re.search(r"^set -(eu|u)$", script.read_text(), re.M)


def test_every_target_is_explained():
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", text, re.M)
    told = subprocess.run(
        ["make", "-C", ROOT, "--no-print-directory"], capture_output=True, text=True, check=True
    ).stdout
    assert {"setup", "demo", "test", "test-long", "lint", "bench", "docs", "clean"} <= set(targets)
    assert set(re.findall(r"make ([a-z-]+)", told)) == set(targets) - {"tools"}
    phony = re.search(r"^\.PHONY: (.*)$", text, re.M)[1].split()
    assert set(phony) == set(targets)
