"""The script that makes the files of secrets: run by a real shell, with openssl, and nothing of Fairlead."""

import json
import re
import shutil
import stat
import subprocess
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fairlead.masking import Secret
from fairlead.project.project import parse_project
from fairlead.render.compose import beside, compose_project
from fairlead.render.template import render_template
from fairlead.secrets.keyset import key_list, key_set
from fairlead.stores.base import Address
from fairlead.stores.handover import handed_over

FILE = """\
name: shop
secrets:
  KEY: {generate: {kind: hex, length: 64}}
  BLOCK: {generate: {kind: base64, length: 44}}
  SIGN: {generate: jwt-hs256}
  ID: {generate: uuid}
  PAIR: {generate: ed25519}
  SMTP: {}
  OUTSIDE: {}
  HALF: {}
services:
  web:
    image: shop
    port: 80
    uses: [db.shop, db.more, cache, files, scanner, other, half.a, half.c]
    secrets: [KEY, BLOCK, {name: SIGN, as: env}, ID, PAIR, SMTP]
stores:
  db: {kind: postgres, databases: {shop: {}, more: {used_by: {web: rw}}}}
  cache: {kind: redis}
  files: {kind: s3, encrypted: true, buckets: [uploads]}
  scanner: {kind: container, preset: clamav}
  other: {kind: redis, url: "${OUTSIDE}"}
  half:
    kind: postgres
    url: "postgresql://app:${HALF}@db.example.com:5432/x?sslmode=require"
    databases: {a: {}, b: {}, c: {used_by: {web: rw}, migrations: db/c}}
environments: {production: {runtime: docker}}
"""
ODD = 'it\'s "odd" \\ $1 é'


class Everywhere:
    """Stores at the addresses that containers see."""

    def address(self, store):
        return Address(store.name, {"postgres": 5432, "redis": 6379, "s3": 9000}.get(store.kind, 3310))

    def authority(self, store):
        return f"/run/secrets/{store.name.upper()}_CA"

    def authority_pem(self):
        return "pem"


@pytest.fixture(scope="module")
def stack():
    return parse_project(FILE, Path("/p")).outline("production")


@pytest.fixture
def run(stack, tmp_path, need):
    need("openssl")
    script = tmp_path / "secrets.sh"
    script.write_text(beside(stack, compose_project(stack))["secrets.sh"])

    def run(path="/usr/bin:/bin"):
        env = {"FAIRLEAD_SECRETS": str(tmp_path / "s"), "PATH": path}
        return subprocess.run(["sh", str(script)], env=env, capture_output=True, text=True, check=False)

    return run


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_what_only_a_person_knows_is_asked_for(run, tmp_path):
    ran = run()
    assert ran.returncode == 1
    assert ran.stderr.endswith("for each of: SMTP OUTSIDE HALF\n")
    assert not (tmp_path / "s" / "compose.env").exists()


def test_everything_else_is_made_once_and_addresses_are_those_that_fairlead_hands_over(run, stack, tmp_path, tools):
    folder = tmp_path / "s"
    folder.mkdir()
    given = {"SMTP": ODD, "OUTSIDE": "redis://:p@cache.example.com/0", "HALF": "a/b c", "DB_PASSWORD": ODD}
    for name, text in given.items():
        (folder / name).write_text(text)
    path = tools("openssl")
    assert run(path).returncode == 0
    made = contents(folder)
    assert run(path).returncode == 0
    assert contents(folder) == made

    assert re.fullmatch("[0-9a-f]{64}", made["KEY"])
    assert re.fullmatch("[A-Za-z0-9+/]{43}=", made["BLOCK"])
    assert re.fullmatch("[A-Za-z0-9]{32}", made["CACHE_PASSWORD"])
    assert made["PAIR"].startswith("-----BEGIN PRIVATE KEY-----")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "compose.env").stat().st_mode) == 0o600

    found = {name: Secret(text) for name, text in made.items()}
    wanted = handed_over(stack, Everywhere(), found)
    told = dict(line.split("=", 1) for line in made["compose.env"].splitlines())
    assert told.pop("FAIRLEAD_SECRETS") == f"'{folder}'"
    for name, value in told.items():
        if name in wanted:
            assert parts(value.strip("'")) == parts(wanted[name].reveal()), name
    phrase = made["HALF_C_MIGRATOR_PASSWORD"]
    assert made["HALF_C_MIGRATOR_URL"] == f"postgresql://c_migrator:{phrase}@db.example.com:5432/c?sslmode=require"
    assert set(told) == {
        "DB_SHOP_URL",
        "DB_MORE_WEB_URL",
        "CACHE_URL",
        "FILES_ACCESS_KEY",
        "FILES_PASSWORD",
        "OTHER_URL",
        "HALF_A_URL",
        "HALF_C_WEB_URL",
        "SIGN",
    }
    assert made["FILES_KMS_KEY"] == f"fairlead:{made['FILES_ENCRYPTION_KEY']}"


@pytest.mark.parametrize("said", ["redis://:a\\b@x/0", "redis://x/0\\", "redis://:a\\\\b@x/0"])
def test_a_backslash_in_a_variable_is_written_as_every_compose_reads_it(run, tmp_path, said):
    """Between quotes docker-compose 1.29 takes two for one, and every Compose one at the end for no end."""
    folder = tmp_path / "s"
    folder.mkdir()
    for name, text in {"SMTP": "x", "OUTSIDE": said, "HALF": "x"}.items():
        (folder / name).write_text(text)
    assert run().returncode == 0
    assert f"OTHER_URL={said}\n" in (folder / "compose.env").read_text()


def test_one_that_no_compose_could_be_told_is_refused(run, tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    for name, text in {"SMTP": "x", "OUTSIDE": "redis://:it's\\@x", "HALF": "x"}.items():
        (folder / name).write_text(text)
    ran = run()
    assert (ran.returncode, ran.stderr.endswith("for: OTHER_URL (in compose.env)\n")) == (1, True), ran.stderr
    assert not (folder / "compose.env").exists()


PROGRAMS = ("awk", "cat", "grep", "head", "od", "openssl", "sed", "tail", "tr", "wc")


def test_no_program_is_called_with_a_secret(run, tmp_path):
    """Everybody on the machine sees what a program is called with."""
    folder, called, programs = tmp_path / "s", tmp_path / "called", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    given = {"SMTP": "smtp-phrase", "OUTSIDE": "redis://:out-phrase@cache.example.com/0", "HALF": "half/phrase"}
    for name, text in given.items():
        (folder / name).write_text(text)
    for name in PROGRAMS:
        path = programs / name
        path.write_text(f'#!/bin/sh\necho "$0 $*" >>{called}\nexec {shutil.which(name)} "$@"\n')
        path.chmod(0o755)
    assert run(f"{programs}:/usr/bin:/bin").returncode == 0
    said = called.read_text()
    assert f"{programs}/sed " in said and f"{programs}/openssl " in said
    values = {name: text for name, text in contents(folder).items() if not name.startswith((".", "compose"))}
    assert values.keys() >= {*given, "DB_PASSWORD", "HALF_C_MIGRATOR_PASSWORD", "HALF_C_MIGRATOR_URL"}
    assert [name for name, text in values.items() if text in said or quote(text, safe="") in said] == []


def parts(url):
    """What a client reads of an address, however it is encoded."""
    split = urlsplit(url)
    return (split.scheme, split.hostname, split.port, split.path, unquote(split.query), unquote(split.netloc))


def test_the_certificate_is_of_the_authority_that_services_are_told(run, tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    for name in ("SMTP", "OUTSIDE", "HALF"):
        (folder / name).write_text("redis://x")
    assert run().returncode == 0
    argv = ["openssl", "verify", "-CAfile", folder / "DB_CA", "-verify_hostname", "db", folder / "DB_CERTIFICATE"]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 0


def test_no_file_beside_it_has_a_secret_in_it(stack):
    files = beside(stack, compose_project(stack))
    assert {path.rpartition("/")[0] for path in files} == {"", "stores/db", "stores/cache", "stores/files"}
    assert "requirepass" not in files["stores/cache/redis.conf"]
    assert ":'DB_PASSWORD'" in files["stores/db/settle.sql"]


def test_without_openssl_nothing_is_made(stack, tmp_path):
    script, empty = tmp_path / "secrets.sh", tmp_path / "bin"
    script.write_text(beside(stack, compose_project(stack))["secrets.sh"])
    empty.mkdir()
    env = {"FAIRLEAD_SECRETS": str(tmp_path / "s"), "PATH": str(empty)}
    ran = subprocess.run(["/bin/sh", str(script)], env=env, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, "openssl is needed\n")
    assert not (tmp_path / "s").exists()


def test_certificates_that_were_given_are_copied_for_the_edge(tmp_path, need):
    need("openssl")
    given = "{https: 443, certificates: [{cert: certs/a.pem, key: certs/a.key}, {cert: certs/b.pem, secret: TLS}]}"
    text = """\
name: shop
secrets: {TLS: {}}
services: {web: {image: shop, port: 80, routes: [/]}}
environments: {production: {runtime: docker, edge: GIVEN}}
"""
    stack = parse_project(text.replace("GIVEN", given), tmp_path).outline("production")
    document = compose_project(stack, "../..")
    edge = document["services"]["edge"]
    assert edge["secrets"] == ["FAIRLEAD_CERTIFICATE", "FAIRLEAD_CERTIFICATE_KEY", "FAIRLEAD_CERTIFICATE_2", "TLS"]
    folder, certs, kept = (tmp_path / name for name in ("rendered/production", "certs", "kept"))
    for one in (folder, certs, kept):
        one.mkdir(parents=True)
    for name in ("a.pem", "a.key", "b.pem"):
        (certs / name).write_text(name)
    (kept / "TLS").write_text("key of b")
    (folder / "secrets.sh").write_text(beside(stack, document, "../..")["secrets.sh"])
    env = {"FAIRLEAD_SECRETS": str(kept), "PATH": "/usr/bin:/bin"}
    subprocess.run(["sh", str(folder / "secrets.sh")], env=env, check=True)
    assert (kept / "FAIRLEAD_CERTIFICATE_KEY").read_text() == "a.key"
    assert (kept / "FAIRLEAD_CERTIFICATE_2").read_text() == "b.pem"
    (certs / "b.pem").unlink()
    ran = subprocess.run(["sh", str(folder / "secrets.sh")], env=env, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr.split(":")[-1]) == (1, " FAIRLEAD_CERTIFICATE_2\n")


def test_an_s3_by_https_is_known_beside_the_public_authorities(tmp_path, need):
    need("openssl")
    text = """\
name: shop
services: {web: {image: shop, port: 80, uses: [kept]}}
stores: {kept: {kind: s3, tls: true}}
environments: {production: {runtime: docker}}
"""
    stack = parse_project(text, tmp_path).outline("production")
    script, public, folder = (tmp_path / name for name in ("secrets.sh", "public.pem", "kept"))
    script.write_text(beside(stack, compose_project(stack))["secrets.sh"])
    public.write_text("of the machine\n")
    env = {"FAIRLEAD_SECRETS": str(folder), "PATH": "/usr/bin:/bin", "SSL_CERT_FILE": str(public)}
    subprocess.run(["sh", str(script)], env=env, check=True)
    assert (folder / "KEPT_AUTHORITIES").read_text() == (folder / "KEPT_CA").read_text() + public.read_text()
    assert "KEPT_AUTHORITIES" in compose_project(stack)["services"]["web"]["secrets"]


def test_the_edge_has_a_name_that_nobody_else_has():
    text = """\
name: shop
services: {edge: {image: shop, port: 80, routes: [/]}}
environments: {production: {runtime: docker, edge: {http: 8080}}}
"""
    services = compose_project(parse_project(text, Path("/p")).outline("production"))["services"]
    assert (services["edge"]["image"], services["fairlead-edge"]["ports"]) == ("shop", ["8080:61080"])


SIGNS = """\
name: shop
secrets:
  PAIR: {generate: ed25519, rotate: {kind: jwt, every: 90d}}
  RSA: {generate: rsa, rotate: {kind: jwt, every: 90d}}
  SHARED: {generate: jwt-hs256, rotate: {kind: jwt, every: 90d}}
  WORD: {}
  NUMBER: {}
variables: {HOST: "a&b"}
templates:
  - {from: a.json, to: a.json, format: json, secret: true}
  - {from: a.yml, to: conf/a.yml, format: yaml, secret: true}
  - {from: a.xml, to: a.xml, format: xml, secret: true}
  - {from: a.txt, to: a.txt, format: text, secret: true}
services: {web: {image: shop, secrets: [PAIR, RSA, SHARED]}}
environments: {production: {runtime: docker}}
"""
TEXTS = {
    "a.json": '{"${WORD}": ["x${WORD}y", ${NUMBER}, "${HOST}"]}',
    "conf/a.yml": "a: \"${WORD}\"\nb: '${WORD}'\nc: x-${NUMBER}\n",
    "a.xml": '<a b="${WORD}">${WORD} ${HOST}<![CDATA[${NUMBER}]]></a>',
    "a.txt": "$HOME $${x} 'quoted' ${WORD}\n${NUMBER}",
}


@pytest.fixture(scope="module")
def rsa_key():
    """To make one takes long, so it is made once."""
    made = rsa.generate_private_key(65537, 2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def signs(tmp_path, need, rsa_key):
    """Runs the script of SIGNS with the values of what a person gives; what it says, and its folder."""
    need("openssl")
    stack = parse_project(SIGNS, Path("/p")).outline("production")
    script, folder = tmp_path / "secrets.sh", tmp_path / "s"
    script.write_text(beside(stack, compose_project(stack), ".", TEXTS)["secrets.sh"])
    folder.mkdir()

    def run(path="/usr/bin:/bin", **given):
        for name, text in ({"RSA": rsa_key} | given).items():
            (folder / name).write_text(text)
        env = {"FAIRLEAD_SECRETS": str(folder), "PATH": path}
        return subprocess.run(["sh", str(script)], env=env, capture_output=True, text=True, check=False), folder

    return run


def test_documents_and_templates_are_those_that_fairlead_hands_over(signs, tools):
    word = 'it\'s <"odd"> & \\ $1 é'
    ran, folder = signs(tools("openssl"), WORD=word, NUMBER="1.5e3")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    made = contents(folder)
    for name in ("PAIR", "RSA"):
        assert json.loads(made[f"{name}_JWKS"]) == json.loads(key_set(name, [Secret(made[name])]))
    assert json.loads(made["SHARED_KEYS"]) == json.loads(key_list([Secret(made["SHARED"])]))
    values = {"WORD": word, "NUMBER": "1.5e3", "HOST": "a&b"}
    for target, text in TEXTS.items():
        format = {"json": "json", "yml": "yaml", "xml": "xml", "txt": "text"}[target.rpartition(".")[2]]
        assert made[f"template-{target.replace('/', '-')}"] == render_template(text, values, format), target


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"NUMBER": "1 2"}, "NUMBER (in a.json)"),
        ({"NUMBER": "x: y"}, "NUMBER (in conf/a.yml)"),
        ({"NUMBER": "]]>"}, "NUMBER (in a.xml)"),
        ({"WORD": "two\nlines"}, "WORD (in conf/a.yml)"),
        ({"WORD": ""}, "WORD (in a.txt)"),
        ({"PAIR": "none"}, "PAIR (no key that signs)"),
    ],
)
def test_a_value_that_would_change_what_a_file_says_is_refused(signs, given, said):
    ran, folder = signs(**({"WORD": "a", "NUMBER": "1"} | given))
    assert ran.returncode == 1 and said in ran.stderr
    assert not (folder / "compose.env").exists()


def test_certificates_are_renewed_before_they_end_and_who_has_them_is_named(run, tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    for name in ("SMTP", "OUTSIDE", "HALF"):
        (folder / name).write_text("redis://x")
    assert run().stdout == ""

    def issued(days):
        argv = [
            *"openssl req -new -key".split(),
            folder / "DB_CERTIFICATE_KEY",
            "-subj",
            "/CN=db",
            "-out",
            tmp_path / "csr",
        ]
        subprocess.run(argv, check=True, capture_output=True)
        argv = [*"openssl x509 -req -set_serial 7 -days".split(), str(days), "-in", tmp_path / "csr"]
        argv += ["-CA", folder / "authority.crt", "-CAkey", folder / "authority.key", "-out", folder / "DB_CERTIFICATE"]
        subprocess.run(argv, check=True, capture_output=True)
        return (folder / "DB_CERTIFICATE").read_text()

    for days, renewed in ((119, True), (300, False), (3650, True)):
        was, ran = issued(days), run()
        assert (ran.returncode, ran.stdout) == (0, "db\n" if renewed else "")
        assert ((folder / "DB_CERTIFICATE").read_text() != was) == renewed
    (folder / ".DB.names").write_text("DNS:other")
    assert run().stdout == "db\n"
    argv = [*"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 -subj /CN=db".split()]
    subprocess.run(
        [*argv, "-keyout", tmp_path / "k", "-out", folder / "DB_CERTIFICATE"], check=True, capture_output=True
    )
    was = (folder / "DB_CERTIFICATE").read_text()
    assert run().stdout == "" and (folder / "DB_CERTIFICATE").read_text() == was  # somebody else's
