"""Who is handed what: services and jobs get their own secrets, releases name versions and never values."""

import json
import stat
from dataclasses import replace

import pytest

from fairlead.artifacts import Release, ReleaseStore
from fairlead.errors import FairleadError
from fairlead.project.stack import Generate, Job, Rotate, SecretSpec, Service, ServiceSecret, Stack
from fairlead.rollout.specs import Machine, job_spec, service_specs
from fairlead.secrets.delivery import Handful, deliver, delivered, folder_of, keep_only
from fairlead.secrets.fingerprint import fingerprint, key_of

KEY = b"k" * 32
API = Service("api", "run", secrets=(ServiceSecret("A"), ServiceSecret("B", "env"), ServiceSecret("C", key="DB")))
WEB = Service("web", "run", secrets=(ServiceSecret("A"),))
BARE = Service("bare", "run")
SEED = Job("seed", "run", secrets=(ServiceSecret("B"),))
STACK = Stack("shop", "live", services=(API, WEB, BARE), jobs=(SEED,))
FILES = {"A": b"first", "B": b"second\n", "C": b"\xff\xfe"}


def test_each_gets_its_own_and_nobody_elses(tmp_path):
    deliver(tmp_path / "secrets", "r1", STACK, Handful(FILES, KEY))
    assert folder_of(tmp_path / "secrets", "r1", "api", STACK).files() == FILES
    assert folder_of(tmp_path / "secrets", "r1", "web", STACK).files() == {"A": b"first"}
    assert folder_of(tmp_path / "secrets", "r1", "seed", STACK).files() == {"B": b"second\n"}
    assert not (tmp_path / "secrets" / "r1" / "bare").exists()
    for folder in (tmp_path / "secrets", tmp_path / "secrets" / "r1"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_in_a_container_they_are_found_and_read_by_everybody_whatever_is_swapped_and_swept(tmp_path):
    """A running one has the folder itself, so what is made anew there is what it sees."""
    stack = replace(STACK, runtime="docker")
    deliver(tmp_path / "secrets", "r1", stack, Handful(FILES, KEY))
    for _, folder in delivered(tmp_path / "secrets", "r1", stack):
        folder.swap("another", {**folder.files(), "B": b"changed"})
        folder.sweep()
    seen = tmp_path / "secrets" / "r1" / "api"
    assert [(seen / name).read_bytes() for name in "ABC"] == [b"first", b"changed", b"\xff\xfe"]
    inside = [seen, *(path for path in seen.rglob("*") if not path.is_symlink())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in inside} == {0o755, 0o444}


def test_names_of_folders_and_versions_tell_nothing(tmp_path):
    deliver(tmp_path / "secrets", "r1", STACK, Handful(FILES, KEY))
    other = Handful(FILES, b"o" * 32)
    assert other.whole() != Handful(FILES, KEY).whole()
    assert "first" not in repr(other) and "ooo" not in repr(other)


def test_a_specification_says_where_and_never_what(tmp_path):
    release = Release.of(STACK, {}, {}, secrets=Handful(FILES, KEY).versions())
    machine = Machine({}, "python", {}, tmp_path)
    [api] = service_specs(release, [f"{release.id}.api.1"], machine)
    folder = tmp_path / release.id / "api" / "current"
    assert api.env == {"A_FILE": str(folder / "A"), "DB_FILE": str(folder / "C")}
    assert api.secret_env == {"B": str(folder / "B")}
    assert api.values["SECRETS"] == str(folder)
    job = job_spec(release, "seed", machine)
    assert job.env == {"B_FILE": str(tmp_path / release.id / "seed" / "current" / "B")}


def test_the_project_file_has_the_last_word_on_a_variable(tmp_path):
    stack = Stack("shop", "live", services=(replace(WEB, env={"A_FILE": "${SECRETS}/A"}),))
    release = Release.of(stack, {}, {})
    [web] = service_specs(release, [f"{release.id}.web.1"], Machine({}, "python", {}, tmp_path))
    assert web.env == {"A_FILE": "${SECRETS}/A"}


def test_another_value_is_another_release_and_without_secrets_it_is_the_one_of_before(tmp_path):
    bare = Release.of(STACK, {}, {})
    first = bare.with_secrets(Handful(FILES, KEY).versions())
    second = bare.with_secrets(Handful(FILES | {"A": b"other"}, KEY).versions())
    assert len({bare.id, first.id, second.id}) == 3
    assert bare.with_secrets({}).id == bare.id == Release.of(STACK, {}, {}, secrets={}).id
    store = ReleaseStore(tmp_path)
    store.save(first)
    assert store.load(first.id).secrets == first.secrets
    assert "second" not in (tmp_path / f"{first.id}.json").read_text()


def test_a_release_that_an_earlier_fairlead_wrote_still_loads(tmp_path):
    store = ReleaseStore(tmp_path)
    release = store.save(Release.of(STACK, {}, {}))
    for path in tmp_path.iterdir():
        data = json.loads(path.read_text())
        del data["secrets"]
        path.write_text(json.dumps(data))
    assert store.load(release.id).secrets == {}


def test_a_release_whose_versions_were_changed_is_refused(tmp_path):
    store = ReleaseStore(tmp_path)
    release = store.save(Release.of(STACK, {}, {}, secrets={"A": "1"}))
    for path in tmp_path.iterdir():
        path.write_text(path.read_text().replace('"A": "1"', '"A": "2"'))
    with pytest.raises(FairleadError, match="changed or is damaged"):
        store.load(release.id)


def test_folders_go_with_their_releases(tmp_path):
    for release in ("r1", "r2"):
        deliver(tmp_path / "secrets", release, STACK, Handful(FILES, KEY))
    keep_only(tmp_path / "secrets", ["r2"])
    assert {path.name for path in (tmp_path / "secrets").iterdir()} == {"r2"}
    keep_only(tmp_path / "none", [])


def test_a_signing_key_comes_with_its_document(tmp_path):
    tokens = SecretSpec("TOKEN", Generate("ed25519"), Rotate(kind="jwt"))
    shared = SecretSpec("SHARED", Generate("jwt-hs256"), Rotate(kind="jwt"))
    item = Service("api", "run", secrets=(ServiceSecret("TOKEN"), ServiceSecret("SHARED", "env", "KEY")))
    stack = Stack("shop", "live", services=(item,), secrets=(tokens, shared))
    release = Release.of(stack, {}, {})
    [spec] = service_specs(release, [f"{release.id}.api.1"], Machine({}, "python", {}, tmp_path))
    names = {variable: path.rpartition("/")[2] for variable, path in spec.env.items()}
    assert names == {"TOKEN_FILE": "TOKEN", "TOKEN_JWKS_FILE": "TOKEN_JWKS", "KEY_KEYS_FILE": "SHARED_KEYS"}
    assert list(spec.secret_env) == ["KEY"]


def test_a_fingerprint_needs_the_key_and_the_name(tmp_path):
    key = key_of(tmp_path / "shop")
    assert key_of(tmp_path / "shop") == key and len(key) == 32
    assert stat.S_IMODE((tmp_path / "shop" / "fingerprint.key").stat().st_mode) == 0o600
    mine = fingerprint(key, "A", b"value")
    assert len(mine) == 16 and mine == fingerprint(key, "A", b"value")
    others = {fingerprint(key, "B", b"value"), fingerprint(KEY, "A", b"value"), fingerprint(key, "A", b"")}
    assert len(others) == 3 and mine not in others


def test_a_damaged_key_is_said(tmp_path):
    key_of(tmp_path)
    (tmp_path / "fingerprint.key").write_bytes(b"short")
    with pytest.raises(FairleadError, match="no key"):
        key_of(tmp_path)
