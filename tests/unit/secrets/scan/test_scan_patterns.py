"""What looks like a secret is found with its place; what plainly is none is not."""

import pytest
from samples import HEX, KEYS, drawn

from fairlead.secrets.scan.patterns import Patterns
from fairlead.secrets.scan.scanner import Scanner


@pytest.fixture(scope="module")
def scanner():
    return Scanner([], Patterns())


def found(scanner, text, path="app.py"):
    return [(leak.line, leak.column, leak.kind) for leak in scanner.scan(path, text.encode())]


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_found_with_its_place(scanner, kind):
    leaks = scanner.scan("app.py", f"first\n  {KEYS[kind]}\nlast\n".encode())
    assert [(leak.line, leak.kind) for leak in leaks] == [(2, kind)]
    line = f"  {KEYS[kind]}".splitlines()[0]
    start = line[leaks[0].column - 1 :]
    assert start and not start.startswith((" ", '"'))
    value = KEYS[kind].split('"')[1] if '"' in KEYS[kind] else KEYS[kind]
    assert value[:8] not in str(leaks)
    assert str(leaks[0]) == f"app.py:2:{leaks[0].column}: {kind}"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("fairlead.yaml", "  DATABASE_URL: {type: url, secret: true}"),
        ("fairlead.yaml", "    secret: SLACK_URL]  # instead of those of the base"),
        ("fairlead.yaml", "# secrets: the names of what must stay secret. Values never stand here."),
        ("compose.yaml", "  POSTGRES_PASSWORD: ${DB_PASSWORD:?set it}"),
        ("compose.yaml", "      password: {{ vault_password }}"),
        ("secrets/production.yaml", f"SMTP_PASSWORD: ENC[AES256_GCM,data:{drawn('s')}==,iv:{drawn('i', 44)},type:str]"),
        ("secrets/production.json", f'"API_KEY": "ENC[AES256_GCM,data:{drawn("s")}==,iv:{drawn("i", 44)},type:str]"'),
        ("requirements.txt", f"    --hash=sha256:{drawn('r', 64, HEX)}"),
        ("package-lock.json", f'"integrity": "sha512-{drawn("n", 86)}=="'),
        ("uv.lock", f'{{ url = "https://x/y.whl", hash = "sha256:{drawn("u", 64, HEX)}" }}'),
        ("Cargo.lock", f'checksum = "{drawn("c", 64, HEX)}"'),
        ("pnpm-lock.yaml", f"resolution: {{integrity: sha512-{drawn('p', 86)}==}}"),
        ("index.html", f'<script src="a.js" integrity="sha384-{drawn("h", 64)}"></script>'),
        ("flake.nix", f'sha256 = "{drawn("f", 52)}";'),
        (".env.production.example", "SMTP_PASSWORD=change-me"),
        ("app.py", 'password = os.environ["PASSWORD"]'),
        ("app.py", "password = get_password(user, 'main-database')"),
        ("app.py", 'raise Error("the password: what is it and why does it not fit in here")'),
        ("app.py", f'commit = "{drawn("g", 40, HEX)}"'),
        ("app.py", 'id = "6e1f0c1a-9b7d-4c55-8a44-0d1c2b3a4f5e"'),
        ("app.py", 'ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"'),
        ("app.py", "if '-----BEGIN PRIVATE" + " KEY-----' in text:"),
        ("README.md", "`mailtos://USER:PASSWORD@HOST` or `postgres://user:password@host/db`"),
        ("README.md", "redis://:${REDIS_PASSWORD}@cache:6379 and https://ada:********@example.com"),
    ],
)
def test_what_plainly_is_none_is_not_found(scanner, path, line):
    assert found(scanner, f"{line}\n", path) == []


def test_keys_in_lock_files_are_found_all_the_same(scanner):
    assert [kind for *_, kind in found(scanner, KEYS["GitHub Token"], "package-lock.json")] == ["GitHub Token"]


@pytest.mark.parametrize(
    "text",
    [
        "{}  # pragma: allowlist secret",
        "{} // pragma: allowlist secret: the one of the documentation",
        "# pragma: allowlist nextline secret\n{}",
        "<!-- pragma: allowlist nextline secret -->\n{}",
    ],
)
def test_what_is_waived_is_not_found(scanner, text):
    assert found(scanner, text.format(KEYS["GitHub Token"])) == []
    assert len(found(scanner, text.format(KEYS["GitHub Token"]) + f"\n{KEYS['AWS Access Key']}")) == 1


def test_a_waiver_of_the_next_line_stands_alone(scanner):
    text = f"{KEYS['AWS Access Key']}  # pragma: allowlist nextline secret\n{KEYS['GitHub Token']}"
    assert len(found(scanner, text)) == 2


def test_binary_files_are_not_looked_through_for_patterns(scanner):
    assert scanner.scan("x.bin", b"\0\1" + KEYS["GitHub Token"].encode()) == []
    assert len(scanner.scan("x.txt", f"\ufeff{KEYS['GitHub Token']}".encode("utf-16"))) == 1


def test_places_count_from_one_in_characters(scanner):
    assert found(scanner, f"ä\r\nöö {KEYS['GitHub Token']}")[0][:2] == (2, 4)


@pytest.mark.parametrize(
    "text", ["secret=" * 150_000, "a" * 1_000_000, "'" * 1_000_000, "password: '" + "x " * 500_000]
)
def test_a_megabyte_in_one_line_is_scanned(scanner, text):
    scanner.scan("x.js", text.encode())
