"""Templates in a real deployment: found in `${FILES}`, a changed one is a new release, each keeps its own."""

import shutil
import stat
import urllib.request

import pytest
from cli_site import await_line, free_port
from tests.commands import python

from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

FILE = """\
name: shop
variables: {{NOTE: hello}}
templates: [{{from: app.template.json, to: conf/app.json}}]
services:
  web:
    source: ./app
    command: {serve}
    port: {web}
    health: {{ready: /conf/app.json, interval: 100ms, deadline: 90s}}
    routes: ["/"]
    stop: {{drain: 1s, grace: 5s}}
rollout: {{keep: 1, watch: off, rollback_window: 0s}}
environments:
  local: {{runtime: process, edge: {{http: {port}, address: 127.0.0.1}}}}
"""


def write(site, template='{"note": "${NOTE}", "price": "5$"}\n', web=8000):
    serve = python("-m http.server ${PORT} --bind 127.0.0.1 --directory ${FILES}")
    (site.folder / "fairlead.yaml").write_text(FILE.format(serve=serve, port=site.port, web=web))
    (site.folder / "app.template.json").write_text(template)


def asked(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/conf/app.json", timeout=120) as response:
        return response.read().decode()


def deploy(site):
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    return site.live()


def test_instances_find_their_files_and_each_release_has_its_own(site):
    write(site)
    first = deploy(site)
    assert asked(site.port) == '{"note": "hello", "price": "5$"}\n'
    folder = site.home / "shop" / "local" / "files"
    made = folder / first / "conf" / "app.json"
    assert stat.S_IMODE(made.stat().st_mode) == 0o444 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert deploy(site) == first  # the same files are no other release
    write(site, '{"note": "${NOTE} again"}\n')
    assert site.json("deploy", "local", "--plan")["release"] != first
    second = deploy(site)
    assert second != first and asked(site.port) == '{"note": "hello again"}\n'
    assert made.exists()
    assert site.run("rollback", "local").returncode == 0
    assert site.live() == first and asked(site.port) == '{"note": "hello", "price": "5$"}\n'
    for note in ("c", "d"):
        write(site, f'{{"note": "{note}"}}\n')
        deploy(site)
    assert {path.name for path in folder.iterdir()} == {
        path.stem for path in (site.home / "shop" / "local" / "releases").glob("*.json")
    }


def test_a_wrong_template_is_found_before_anything_is_touched(site):
    write(site, '{"note": "${NOTES}"}\n')
    done = site.run("deploy", "local")
    assert done.returncode == 3 and 'app.template.json:1:11: ${NOTES} has no value; did you mean "NOTE"?' in done.stderr
    assert site.live() is None and not (site.home / "shop" / "local" / "files").exists()


def test_dev_has_them_too(site):
    port = free_port()
    write(site, web=port)
    dev = site.start("dev", "local")
    try:
        await_line(dev, "stdout", f"web started on http://127.0.0.1:{port}")
        assert wait_until(lambda: _there(port), 240, 0.1)
        assert asked(port).startswith('{"note": "hello"')
    finally:
        dev.terminate()
        dev.communicate(timeout=300)
    shutil.rmtree(site.home / "shop", ignore_errors=True)


def _there(port):
    try:
        return bool(asked(port))
    except OSError:
        return False
