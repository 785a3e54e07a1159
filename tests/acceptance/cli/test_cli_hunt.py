"""The hunt for leaks finds one in each of the places where it looks: else that it finds none would say nothing."""

import base64
import os
import subprocess
import sys
import uuid
from urllib.parse import quote

import pytest
from hunt import Canaries, Hunt, Sampler, in_files

from fairlead.system.clock import wait_until

VALUE = f"canary/bird+{uuid.uuid4().hex}=7Qz"  # another one each time: the hunt sees processes of other runs too
CODED = {
    "as it is": VALUE,
    "base64": base64.b64encode(f"user:{VALUE}".encode()).decode(),
    "URL-encoded": quote(VALUE, safe=""),
    "hex": VALUE.encode().hex(),
}


@pytest.fixture
def canaries():
    return Canaries(BIRD=VALUE)


def leaking(code, *arguments, **env):
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=os.environ | env, stdin=subprocess.PIPE)


@pytest.mark.parametrize("how", CODED)
@pytest.mark.parametrize("place", ["argv", "environment"])
def test_processes(canaries, place, how):
    with Sampler(canaries) as sampler:
        given = {"arguments": [CODED[how]]} if place == "argv" else {"env": {"LEAK": CODED[how]}}
        child = leaking("input()", *given.get("arguments", ()), **given.get("env", {}))
        try:
            found = wait_until(lambda: {hit.where.split(" ")[0] for hit in sampler.hits} == {place}, 240, 0.02)
        finally:
            child.communicate()
    assert found, sampler.hits
    assert {(hit.name, hit.how) for hit in sampler.hits} == {("BIRD", how)}


def test_a_program_that_a_process_becomes(canaries):
    """As the launcher does: the same process, another command line."""
    becomes = "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'input()', input()])"
    with Sampler(canaries) as sampler:
        child = leaking(becomes)
        child.stdin.write(CODED["hex"].encode() + b"\n")
        child.stdin.flush()
        found = wait_until(lambda: sampler.hits, 240, 0.02)
        child.communicate()
    assert found


def test_what_may_be_is_left_out(canaries):
    with Sampler(canaries, lambda pid, environment: ["BIRD"] if b"MAY=1" in environment else []) as sampler:
        child = leaking("input()", LEAK=VALUE, MAY="1")
        seen = sampler.looks
        assert wait_until(lambda: sampler.looks > seen + 3, 240, 0.02)
        child.communicate()
    assert sampler.hits == set()


@pytest.mark.parametrize("how", CODED)
def test_files(canaries, tmp_path, how):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "ledger.db-wal").write_bytes(b"\0\xff" + CODED[how].encode() + b"\0")
    (tmp_path / "allowed").write_text(VALUE)
    hits = in_files(canaries, tmp_path, lambda path: ["BIRD"] if path.name == "allowed" else [])
    assert {(hit.how, hit.where) for hit in hits} == {(how, "file deep/er/ledger.db-wal")}


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_command_says(canaries, site, stream):
    leaking = ["sh", "-c", f"echo 'token {VALUE}' {'>&2' if stream == 'stderr' else ''}"]
    site.call = lambda *_, **how: subprocess.run(leaking, capture_output=True, check=False)
    hunt = Hunt(site, canaries)
    hunt.run("status", "local")
    assert {hit.where for hit in hunt.hits} == {f"{stream} of fairlead status local"}
    assert hunt.ran == {("status",)}
