"""`init` and `dev`, as somebody who begins uses them."""

import hashlib
import json
import os
import re
import shutil
import signal
import urllib.request

from cli_site import APPS, SERVE, await_line, free_port
from tests.commands import python

from fairlead.system.clock import wait_until

TWO = """\
name: shop
services:
  web: {{source: ./app, command: {serve}, port: {port}}}
  worker: {{source: ./back, command: {work}, env: {{WORKER_LOG: {log}}}}}
environments: {{local: {{runtime: process}}}}
"""
HANDED = """\
name: shop
secrets: {{SESSION_KEY: {{}}, SMTP_PASSWORD: {{}}}}
secret_backend: environment
services:
  web:
    source: ./app
    command: {serve}
    port: {port}
    secrets: [SESSION_KEY, {{name: SMTP_PASSWORD, as: env}}]
    env: {{READS: SMTP_PASSWORD}}
environments: {{local: {{runtime: process}}}}
"""
WORKER = """\
import os, time
open(os.environ["WORKER_LOG"], "a").write(f"{os.getpid()}\\n")
time.sleep(600)
"""


def test_init_writes_a_file_that_deploys_as_it_stands(site, tmp_path):
    (tmp_path / "server.py").write_text("def application(environ, start_response):\n    return []\n")
    (tmp_path / "requirements.txt").write_text("gunicorn\n")
    done = site.run("init", "--name", "first", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "plain WSGI application `application` in server.py" in done.stdout
    assert done.stdout.splitlines()[-1] == "look it over, then: fairlead deploy local"
    assert site.json("deploy", "local", "--plan", "-f", str(tmp_path / "fairlead.yaml"))["builds"][0]["needed"]
    again = site.run("init", cwd=tmp_path)
    assert again.returncode == 2 and "is there already" in again.stderr and "--force" in again.stderr
    assert site.run("init", "--force", "--json", cwd=tmp_path).returncode == 0
    (tmp_path / "empty").mkdir()
    assert site.run("init", cwd=tmp_path / "empty").returncode == 2


def heard(dev, *texts):
    """The lines until each of these was said: who says them do not wait for each other."""
    lines = []
    for text in texts:
        if not any(text in line for line in lines):
            lines += await_line(dev, "stdout", text)
    return lines


def test_dev_restarts_only_what_changed_and_ends_all_of_it(site):
    port, log = free_port(), site.root / "worker.log"
    (site.folder / "back").mkdir()
    worker = site.folder / "back" / "worker.py"
    worker.write_text(WORKER)
    path = site.folder / "fairlead.yaml"
    path.write_text(TWO.format(serve=SERVE, work=python("worker.py"), port=port, log=json.dumps(str(log))))
    dev = site.start("dev")
    try:
        lines = heard(dev, "web started", "listening on", "worker started")
        assert any(f"web started on http://127.0.0.1:{port}" in line for line in lines)
        assert _ask(port) == "version 1\n"
        source = site.folder / "app" / "lean.py"
        edited(source, source.read_text().replace('"VERSION", "1"', '"VERSION", "2"'))
        lines = heard(dev, "web started", "listening on")
        assert any("lean.py changed" in line for line in lines)
        assert not any("worker started" in line for line in lines)
        assert _ask(port) == "version 2\n"
        edited(worker, worker.read_text() + "# more\n")
        lines = await_line(dev, "stdout", "worker started")
        assert not any("web started" in line for line in lines)
        assert wait_until(lambda: len(log.read_text().split()) == 2, 240)
    finally:
        dev.send_signal(signal.SIGINT)
        rest, said = dev.communicate(timeout=300)
    assert dev.returncode == 130 and "Traceback" not in said
    pids = [int(line) for line in log.read_text().split()]
    assert len(pids) == 2
    assert all(wait_until(lambda pid=pid: not _alive(pid), 240) for pid in pids)
    assert re.search("ended", rest)


def test_dev_hands_over_secrets_for_as_long_as_it_runs(site):
    port, values = free_port(), {"SESSION_KEY": "a session's key", "SMTP_PASSWORD": "a mail's password"}
    shutil.copy(APPS / "reader.py", site.folder / "app")
    serve = python("lean.py 127.0.0.1 ${PORT} reader")
    (site.folder / "fairlead.yaml").write_text(HANDED.format(serve=serve, port=port))
    refused = site.run("dev")
    assert refused.returncode == 3 and "no value for SESSION_KEY, SMTP_PASSWORD" in refused.stderr
    site.env = {name: value for name, value in site.env.items() if not name.endswith("_FILE")} | values
    dev = site.start("dev")
    try:
        await_line(dev, "stdout", "listening on")
        read = json.loads(_ask(port))["read"]
        assert read == {name: hashlib.sha256(value.encode()).hexdigest() for name, value in values.items()}
        folder = site.home / "shop" / "local" / "secrets" / ".dev"
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        dev.send_signal(signal.SIGINT)
        dev.communicate(timeout=300)
    assert not folder.exists()


def test_dev_ends_with_its_reader(site):
    """`fairlead dev | head`: services speak from threads, of which nobody hears an error."""
    log = site.root / "worker.log"
    (site.folder / "back").mkdir()
    (site.folder / "back" / "worker.py").write_text(
        WORKER.replace("time.sleep(600)", "while not time.sleep(0.05): print('here', flush=True)")
    )
    (site.folder / "fairlead.yaml").write_text(
        TWO.format(serve=SERVE, work=python("worker.py"), port=free_port(), log=json.dumps(str(log)))
    )
    dev = site.start("dev")
    await_line(dev, "stdout", "here")
    dev.stdout.close()
    try:
        code = dev.wait(120)
    finally:
        dev.send_signal(signal.SIGINT)
        said = dev.stderr.read()
        dev.wait(300)
    assert code == 130 and "Traceback" not in said, said
    assert wait_until(lambda: not _alive(int(log.read_text())), 240)


def edited(file, text):
    """Written as editors do, whole: one that is looked at in between would be started twice."""
    temp = file.parents[2] / "edited"  # beside what is watched
    temp.write_text(text)
    temp.replace(file)


def _ask(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=120) as response:
        return response.read().decode()


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
