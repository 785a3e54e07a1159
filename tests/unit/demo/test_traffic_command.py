"""`python -m fairlead.demo.traffic`, as benchmarks call it."""

import json
import subprocess
import sys

from bad_server import BadServer

COMMAND = [sys.executable, "-m", "fairlead.demo.traffic"]
FEW = ["--slow", "0", "--stream", "0", "--websocket", "0", "--rate", "60"]


def call(*arguments):
    return subprocess.run([*COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=300)


def test_json_report_of_a_good_server():
    with BadServer(lambda number: "ok") as server:
        ended = call(server.url, "--seconds", "1", "--json", *FEW)
    report = json.loads(ended.stdout)
    assert ended.returncode == 0, ended.stderr
    assert report["lost"] == 0
    assert report["sent"] == report["answered"] == server.done["ok"] > 10
    assert set(report["kinds"]) == {"get", "post", "fresh", "idle"}
    assert report["versions"]["bad"]["answers"] == report["answered"]


def test_a_loss_makes_it_fail_and_says_which():
    with BadServer(lambda number: "edge-502" if number == 3 else "ok") as server:
        ended = call(server.url, "--seconds", "1", *FEW)
    assert ended.returncode == 1
    assert ", 1 lost" in ended.stdout
    assert "502 made by the edge" in ended.stdout


def test_paths_and_headers_of_another_application():
    """The application's header may be another one; an empty one means there is none."""
    with BadServer(lambda number: "app-404") as server:
        assert call(server.url, "--seconds", "0.3", *FEW, "--app-header", "Server").returncode == 1
        assert (
            call(server.url, "--seconds", "0.3", *FEW, "--app-header", "X-Version", "--get-path", "/x").returncode == 0
        )
        assert call(server.url, "--seconds", "0.3", *FEW, "--app-header", "").returncode == 0


def test_a_wrong_address_is_explained():
    ended = call("ftp://somewhere")
    assert ended.returncode == 2
    assert "expected http://name:port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_needs_the_standard_library_only():
    """It must not slow down or depend on what Fairlead itself needs."""
    heavy = "{'click', 'rich', 'pydantic', 'httpx', 'sqlite3', 'ruamel', 'uvicorn', 'websockets'}"
    code = f"import sys, fairlead.demo.traffic; print(sorted({heavy} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=300)
    assert ended.stdout.strip() == "[]", ended.stderr
