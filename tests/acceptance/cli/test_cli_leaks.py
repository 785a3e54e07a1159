"""Every command of the product is run with canaries as secrets, and none is seen where it must not be.

A command that is added fails this test until it is run here, or until it is said below why it needs not be.
"""

import random
import shutil
import signal
import string
import subprocess
from pathlib import Path

import pyrage
import pytest
from cli_site import APPS, await_line
from hunt import Canaries, Hunt, Sampler, commands, in_files
from tests.commands import python
from tests.living import processes
from tests.postgres_server import PHRASE
from tests.receivers import dead, receiver

from fairlead.masking import MASK
from fairlead.secrets.age_file import AgeFile, file_of
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

ELSEWHERE = {
    ("demo",): "it deploys an example of its own, which has no secrets",
    (
        "host",
        "install",
    ): "tests/acceptance/remote runs it, against a real sshd; it knows no secret but the key it makes",
    **dict.fromkeys(
        (("startup", one) for one in ("show", "install", "remove")), "it writes for the machine, and knows no secret"
    ),
    ("serve-ssh",): "tests/acceptance/remote runs it; what it says is masked as all that is said",
    ("stores", "apply"): "it needs a store; tests/docs/test_docs_stores.py",
    ("stores", "logs"): "the same",
    ("db", "roles"): "it needs a PostgreSQL; tests/docs/test_docs_database_roles.py",
    ("db", "isolation"): "the same",
    ("db", "connections"): "it needs a PostgreSQL; tests/acceptance/cli/test_cli_db.py",
    ("db", "takeover"): "the same",
    **dict.fromkeys(
        (
            *(("backup", one) for one in ("now", "list", "verify", "restore", "prune", "schedule")),
            *(("backup", one) for one in ("pin", "unpin", "adopt")),
            ("db", "restore"),
            ("db", "drill"),
        ),
        "it needs a PostgreSQL; tests/acceptance/backups/test_backups_logical.py looks for passwords and rows",
    ),
    ("serve",): "the keeper: it runs all the time, and the sampler has to have seen it",
}
FILE = """\
name: shop
secrets:
  SESSION_KEY: {{}}
  SMTP_PASSWORD: {{}}
  HOOK_URL: {{}}
  API_KEY: {{generate: {{kind: hex, length: 64}}}}
  TOKEN_KEY: {{generate: {{kind: ed25519}}}}
variables: {{DATABASE_URL: {{type: url, secret: true}}}}
services:
  web:
    source: ./app
    command: {serve}
    port: 8000
    health: {{ready: /health, interval: 100ms, deadline: {deadline}}}
    routes: ["/"]
    env: {{SPILL: "{spill}", READS: "SMTP_PASSWORD", VERSION: "{version}"}}
    secrets: [SESSION_KEY, DATABASE_URL, API_KEY, TOKEN_KEY, {{name: SMTP_PASSWORD, as: env}}]
    stop: {{drain: 1s, grace: 5s}}
jobs:
  seed: {{source: ./app, command: {job}, env: {{SPILL: "{job_spill}"}}, secrets: [SESSION_KEY]}}
templates:
  - {{from: plain.template.json, to: plain.json}}
  - {{from: mail.template.json, to: mail.json, secret: true, services: [web]}}
tests: [{test}]
smoke: [{{path: /, contains: fine}}]
notify: [{{to: webhook, secret: HOOK_URL, on: [promoted, failed]}}]
rollout: {{watch: off}}
environments:
  local: {{runtime: process, edge: {{http: {port}, address: 127.0.0.1}}}}
  next: {{runtime: process, edge: {{http: {other}, address: 127.0.0.1}}}}
"""
DATABASE = """\
name: shop
secrets: {DATABASE_URL: {}}
services: {web: {source: ./app, command: work}}
templates: [{from: secret.template.json, to: deep/secret.json, secret: true}]
stores: {db: {kind: postgres, url: "${DATABASE_URL}", databases: {shop: {migrations: db/shop}}}}
environments: {local: {runtime: process}}
"""
IMAGES = """\
name: shop
secrets: {SESSION_KEY: {}, SMTP_PASSWORD: {}}
registry: {url: "127.0.0.1:1/leaks", user: bot, secret: SMTP_PASSWORD}
services: {web: {build: {context: image, secrets: [SESSION_KEY]}}}
environments: {local: {runtime: docker}}
"""
DOCKERFILE = """\
FROM fairlead-test/tiny
RUN --mount=type=secret,id=SESSION_KEY,uid=65534 busybox cat /run/secrets/SESSION_KEY && exit 1
"""
GIVEN = ("SESSION_KEY", "SMTP_PASSWORD", "DATABASE_URL", "HOOK_URL")
WEB = ("SESSION_KEY", "SMTP_PASSWORD", "DATABASE_URL", "API_KEY", "TOKEN_KEY")


def drawn(length=20):
    return "".join(random.SystemRandom().choices(string.ascii_letters + string.digits, k=length))


@pytest.fixture
def hunt(site, need, postgres):
    need("git")
    with receiver() as hook:
        values = {
            "SESSION_KEY": f"{drawn()}+/'x y",
            "SMTP_PASSWORD": f"{drawn()} \"q' ü",
            "DATABASE_URL": postgres.url(postgres.new("leaks")).replace(PHRASE, drawn()),
            "HOOK_URL": hook.url.partition("/hook/")[0] + f"/hook/{drawn()}",
        }
        site.values, site.hook = values, hook
        (site.root / "tmp").mkdir()
        site.env |= {"TMPDIR": str(site.root / "tmp"), "EDITOR": "true"}
        shutil.copy(APPS / "leaky.py", site.folder / "app")
        site.write = lambda *_, **how: write(site, **how)
        write(site)
        subprocess.run(["git", "init", "-q"], cwd=site.folder, check=True)
        canaries = Canaries(**values)
        canaries.add("DATABASE_URL", values["DATABASE_URL"].partition("@")[0].rpartition(":")[2])  # its password alone
        with Sampler(canaries, in_environment) as sampler:
            hunt = Hunt(site, canaries)
            hunt.sampler = sampler
            yield hunt


TEMPLATES = {
    "plain.template.json": '{"name": "shop"}',
    "secret.template.json": '{"url": "${DATABASE_URL}"}',
    "mail.template.json": '{"mail": "${SMTP_PASSWORD}", "session": "${SESSION_KEY}"}',
}


def write(site, version="1", spill="", job_spill="", deadline="90s"):
    serve = python("lean.py 127.0.0.1 ${PORT} leaky")
    said = {"version": version, "spill": spill, "job_spill": job_spill, "deadline": deadline}
    texts = {"serve": serve, "job": python("leaky.py"), "test": python("-c print(40+2)")}
    text = FILE.format(**texts, **said, port=site.port, other=site.other)
    (site.folder / "fairlead.yaml").write_text(text)
    for name, content in TEMPLATES.items():
        (site.folder / name).write_text(content)


def in_environment(pid, environment):
    """The service that declares `as: env` has that value there, deployed or in development, and nobody else.

    A shell that begins reads its variables one by one, and has put an end where the = of that one is for the moment.
    """
    return ("SMTP_PASSWORD",) if b"=READS=SMTP_PASSWORD=" in b"=" + environment.replace(b"\0", b"=") else ()


def in_file(site):
    """Secret files, for those whom they are for; and what the application itself wrote to its log."""

    def allowed(path):
        parts = path.relative_to(site.root).parts
        if parts == ("home", "age.txt"):
            return ("AGE_KEY",)
        if parts[:2] == ("home", "shop") and parts[3:4] == ("secrets",):
            return ("SESSION_KEY",) if parts[5] == "seed" else WEB
        if parts[:2] == ("home", "shop") and parts[3:] == ("notify", "addresses.json"):
            return ("HOOK_URL",)
        return WEB if "instances" in parts and ".web." in parts[-2] and parts[-1] == "log" else ()

    return allowed


def test_nothing_leaks(hunt):
    site = hunt.site
    keep(hunt)
    look(hunt)
    migrate(hunt)
    containers(hunt)
    release(hunt)
    rotate(hunt)
    fail(hunt)
    develop(hunt)
    break_keys(hunt)
    hunt.run("stop", "local")
    hunt.run("stop", "next", "--json")
    hits = hunt.hits | hunt.sampler.hits | in_files(hunt.canaries, site.root, in_file(site))
    assert hits == set()
    assert wait_until(lambda: not private_left(), 240), private_left()  # other tests have such folders too
    assert any(" serve " in f"{words} " for words in hunt.sampler.commands)
    assert commands() - hunt.ran - ELSEWHERE.keys() == set(), "run it here, or say above why not"


def keep(hunt):
    """Values get in by standard input, a file and an editor, and what Fairlead makes becomes a canary too."""
    site = hunt.site
    for environment in ("local", "next"):
        hunt.run("secrets", "init", environment)
        hunt.canaries.add("AGE_KEY", (site.home / "age.txt").read_text().split("\n")[-2])
    for name in GIVEN:
        hunt.run("secrets", "set", "local", name, stdin=site.values[name])
    (site.folder / ".env.in").write_text("".join(f"{name}='{drawn()}'\n" for name in GIVEN[:1]))
    hunt.run("secrets", "import", "next", ".env.in")
    hunt.both("secrets", "import", "local", ".env.in", code=None)  # there is another value already
    (site.folder / ".env.in").unlink()
    for name in GIVEN:
        hunt.run("secrets", "set", "next", name, stdin=site.values[name])
    for environment in ("local", "next"):
        hunt.run("secrets", "generate", environment)
        backend = AgeFile(file_of(site.folder, environment), environment, {"FAIRLEAD_HOME": str(site.home)})
        for name, value in backend.get(("API_KEY", "TOKEN_KEY")).items():
            hunt.canaries.add(name, value.reveal())
    manage(hunt)


def manage(hunt):
    """Everything else that is done with kept values."""
    site = hunt.site
    for name in GIVEN[:2]:
        hunt.both("secrets", "get", "local", name, but=(name,))  # which asks for it
    hunt.both("secrets", "list", "local")
    hunt.both("secrets", "edit", "local")
    hunt.both("secrets", "check", code=None)
    hunt.both("secrets", "diff", "local", "next", code=None)
    other = hunt.run("secrets", "recipients", "me").split()
    me = next(word for word in other if word.startswith("age1"))
    hunt.run("secrets", "recipients", "list", "local")
    hunt.run("secrets", "recipients", "add", "local", me, code=None)
    hunt.run("secrets", "recipients", "remove", "local", me, code=None)  # the only one
    hunt.both("secrets", "push", "github", "local")
    kept = site.folder / "secrets" / "local.yaml"
    hunt.run("secrets", "merge", str(kept), str(kept), str(kept))
    hunt.run("secrets", "scan")
    (site.folder / "note.txt").write_text(f"{site.values['SESSION_KEY']}\n{site.values['DATABASE_URL']}\n")
    hunt.both("secrets", "scan", code=1)
    hunt.run("secrets", "scan", "--sarif", "-", code=1)
    (site.folder / "note.txt").unlink()
    hunt.run("secrets", "scan", "--remember")


def look(hunt):
    """What reads the project only."""
    hunt.both("doctor", "local", code=None)
    hunt.run("test", "--json")
    hunt.run("schema")
    hunt.run("completion", "bash")
    hunt.run("init", code=2)
    hunt.both("deploy", "local", "--plan")
    hunt.both("env", "list")
    hunt.both("env", "show", "local")
    hunt.run("env", "diff", "local", "next", "--json", code=1)
    hunt.both("env", "check", code=None)
    hunt.run("env", "example", "local")
    hunt.both("render", "local")
    hunt.run("render", "local", "--check", "--diff", code=None)


def migrate(hunt):
    """A database whose address is a secret: what it does, what fails in it, and that it is not there."""
    site, folder = hunt.site, hunt.site.folder / "db" / "shop"
    folder.mkdir(parents=True)
    (site.folder / "db.yaml").write_text(DATABASE)
    (folder / "V1__a.sql").write_text("create table a (x int)")
    (folder / "U1__a.sql").write_text("drop table a")
    for word in ("lint", "plan", "dry-run", "rehearse", "prove", "migrate", "status", "validate", "repair", "undo"):
        hunt.run("db", word, "local", "shop", "-f", "db.yaml", code=None)
    hunt.run("db", "tuning", "local", "-f", "db.yaml", code=None)
    for words in (("adopt",), ("baseline", "--version", "1")):
        hunt.run("db", *words, "local", "shop", "-f", "db.yaml", "--json", code=None)
    hunt.both("render", "local", "-f", "db.yaml", code=None)
    (folder / "V2__b.sql").write_text("select 1/0")
    hunt.both("db", "migrate", "local", "shop", "-f", "db.yaml", code=1)
    port = dead().split(":")[2].partition("/")[0]
    away = site.values["DATABASE_URL"].rpartition("@")[0] + f"@127.0.0.1:{port}/shop"
    hunt.run("secrets", "set", "local", "DATABASE_URL", stdin=away)
    hunt.both("db", "status", "local", "shop", "-f", "db.yaml", code=1)
    hunt.run("secrets", "set", "local", "DATABASE_URL", stdin=site.values["DATABASE_URL"])


def containers(hunt):
    """Images built with a secret, where there is an engine, and a registry that is logged in to and is away."""
    (hunt.site.folder / "images.yaml").write_text(IMAGES)
    (hunt.site.folder / "image").mkdir()
    (hunt.site.folder / "image" / "Dockerfile").write_text(DOCKERFILE)
    for words in (("build", "local", "--plan"), ("build", "local"), ("build", "local", "--push"), ("push", "local")):
        hunt.both(*words, "-f", "images.yaml", code=None)


def release(hunt):
    """Deployments that go well, one of an application that writes its secrets to its log; and all that shows them."""
    site = hunt.site
    hunt.run("deploy", "local")
    filled = list((site.home / "shop" / "local" / "secrets").glob("*/*/current/mail.json"))
    assert [path.parts[-3] for path in filled] == ["web"]
    assert site.values["SESSION_KEY"] in filled[0].read_text()
    write(site, "2", spill="log")
    hunt.run("deploy", "local", "--json")
    assert no_core_files(site)
    said = hunt.both("logs", "local")
    assert f"value {MASK} in base64 {MASK}" in said.replace("dXNlcjp", "").replace("dXNlcjo", ""), said
    hunt.run("promote", "local", "next", "--yes")
    for words in (("status", "local"), ("history", "local"), ("releases", "local"), ("verdict", "local")):
        hunt.both(*words, code=None)
    for words in (("ps", "local"), ("ports", "local"), ("drift", "local"), ("drift", "local", "--fix", "--yes")):
        hunt.both(*words, code=None)
    hunt.both("prune", "local", "--plan")
    hunt.run("prune", "local", "--yes", "--json")
    hunt.run("exec", "local", "web", "--", "true")
    hunt.run("shell", "local", "web")
    hunt.both("edge", "test", "local")
    hunt.both("notify", "test", "local")
    assert wait_until(lambda: len(site.hook.got) >= 3, 240), site.hook.titles  # two tests, and a release at least
    hunt.both("notify", "log", "local")
    for word in ("ca", "list", "renew"):
        hunt.both("certs", word, "local")
    hunt.both("ledger", "show", "local")
    hunt.both("ledger", "verify", "local")
    for word in ("approve", "pause", "resume", "abort"):
        hunt.run(word, "local", code=None)  # nothing waits
    hunt.run("rollback", "local")
    hunt.run("stop", "local")
    hunt.run("up", "local")
    hunt.run("attach", "local")
    (site.folder / "ci.pub").write_text(f"ssh-ed25519 {'A' * 68} ci\n")
    hunt.both("host", "key", "local", "ci.pub")


def rotate(hunt):
    """Another value while the old one is in use, given and made; both are canaries."""
    site = hunt.site
    new = f"{drawn()}&<new>"
    hunt.canaries.add("SESSION_KEY", new)
    hunt.both("secrets", "rotate", "local", "SESSION_KEY", "--plan")
    hunt.run("secrets", "rotate", "local", "SESSION_KEY", stdin=new)
    hunt.run("secrets", "rotate", "local", "API_KEY", "--json")
    backend = AgeFile(file_of(site.folder, "local"), "local", {"FAIRLEAD_HOME": str(site.home)})
    hunt.canaries.add("API_KEY", backend.get(["API_KEY"])["API_KEY"].reveal())
    hunt.both("secrets", "due", "local", code=None)


def no_core_files(site):
    """None of the processes of an environment leaves one."""
    ours = [pid for pid, given in processes("environ").items() if str(site.home).encode() in given]
    limits = processes("limits")
    lines = [line for pid in ours for line in limits.get(pid, b"").decode().splitlines() if "core file" in line]
    return len(lines) >= 4 and {line.split()[4] for line in lines} == {"0"}


def private_left():
    """Private folders of processes that have ended: whoever ends takes its own away."""
    folders = Path("/dev/shm").glob("fairlead-private-*")
    return [folder for folder in folders if not Path("/proc", folder.name.split("-")[2]).exists()]


def fail(hunt):
    """Deployments that fail while the application says all it knows."""
    site = hunt.site
    write(site, "3", spill="crash", deadline="4s")
    assert f"value {MASK}" in hunt.run("deploy", "local", code=1)
    write(site, "4", spill="health", deadline="2s")
    hunt.run("deploy", "local", "--json", code=1)
    write(site, "5", job_spill="crash")
    assert f"value {MASK}" in hunt.run("deploy", "local", code=1)
    for words in (("history", "local"), ("ledger", "show", "local"), ("notify", "log", "local"), ("status", "local")):
        hunt.run(*words, "--json", code=None)
    assert wait_until(lambda: sum("failed" in title for title in site.hook.titles) >= 3, 240), site.hook.titles
    told = str(site.hook.got).encode()
    hunt.hits |= hunt.canaries.seen(told, "what the receiver was told", ("HOOK_URL",))


def develop(hunt):
    """`dev`, which ends when it is told to."""
    write(hunt.site, "6")
    for json in ((), ("--json",)):
        child = hunt.site.start("dev", "next", *json)
        try:
            lines = await_line(child, "stdout", "listening on")  # as long as it takes to be looked at
        finally:
            child.send_signal(signal.SIGINT)
            rest = child.communicate()
        said = "".join([*lines, *rest]).encode()
        hunt.hits |= hunt.canaries.seen(said, "what dev said")
    hunt.ran.add(("dev",))


def break_keys(hunt):
    """No key, a wrong one, a file that was changed."""
    site = hunt.site
    kept, key = site.folder / "secrets" / "local.yaml", site.home / "age.txt"
    text, mine = kept.read_text(), key.read_text()
    cut = text.index("ENC[AES256_GCM,data:") + len("ENC[AES256_GCM,data:")
    for damage in (text[:cut] + ("B" if text[cut] == "A" else "A") + text[cut + 1 :], text[: len(text) // 2]):
        kept.write_text(damage)
        failing(hunt)
    kept.write_text(text)
    for other in ("AGE-SECRET-KEY-nonsense\n", str(pyrage.x25519.Identity.generate())):
        key.write_text(other)
        failing(hunt)
    key.write_text(mine)
    key.chmod(0o600)


def failing(hunt):
    hunt.run("secrets", "get", "local", "SESSION_KEY", code=1)
    hunt.run("secrets", "set", "local", "SESSION_KEY", "--json", code=1, stdin=hunt.site.values["SESSION_KEY"])
    hunt.run("deploy", "local", "--json", code=None)
