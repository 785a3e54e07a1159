"""Images of real registries in a real engine: pinned, kept, fetched again, let go; and registries that misbehave."""

import base64
import hashlib
import http.client
import io
import json
import subprocess
import tarfile
from dataclasses import replace

import pytest
from tests.registries import HTPASSWD, PASSWORD, between, registry, unique

from fairlead.artifacts.images import ImageStore, Wanted
from fairlead.engine.images import Images, Patience
from fairlead.engine.login import Login
from fairlead.engine.manifests import put_list
from fairlead.engine.registry_failures import RegistryError, Stalled
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret
from fairlead.operations.checks.images import _image as checked
from fairlead.project.image_name import ImageName

QUICK = Patience(stall=90.0, tries=6, pause=0.05)
HASTY = replace(QUICK, stall=2.0)  #: for a registry that hangs; an engine that is busy may well be silent for so long


def tar(files):
    """An archive of {NAME: CONTENT}."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as one:
        for name, content in files.items():
            facts = tarfile.TarInfo(name)
            facts.size = len(content)
            one.addfile(facts, io.BytesIO(content))
    return written.getvalue()


def saved(name, architecture):
    """What `docker save` would write of an image with one file."""
    layer = tar({"file": unique().encode()})
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {"config.json": config, "manifest.json": manifest}
    return tar({"layer.tar": layer} | {name: json.dumps(one).encode() for name, one in files.items()})


@pytest.fixture(scope="module")
def served(tmp_path_factory, need):
    """A real registry: `127.0.0.1:PORT`."""
    need("docker-registry")
    with registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


class Made:
    """Images that a test makes, all removed with it."""

    def __init__(self, engine):
        self.engine, self.repository = engine, unique()

    def image(self, name="", architecture=""):
        """An image like no other, under a name; its id."""
        name = name or f"{self.repository}:1"
        archive = saved(name, architecture or self.engine.facts().architecture)
        subprocess.run(["docker", "load", "--quiet"], input=archive, check=True, capture_output=True)
        return self.engine.image(name).id

    def remote(self, address):
        """One that a registry has and this engine does not: its name, id and digest."""
        name = ImageName.parse(f"{address}/{self.repository}:1")
        id = self.image(str(name))
        digest = Images(self.engine, patience=QUICK).push(name, quiet)
        self.forget(id)
        return name, id, digest

    def forget(self, id):
        if self.engine.image(id):
            self.engine.api.remove_image(id, force=True)


def quiet(text):
    """Nobody listens."""


@pytest.fixture
def made(engine):
    one = Made(engine)
    yield one
    for image in engine.api.images():
        if any(one.repository in str(name) for name in [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]):
            one.forget(image["Id"])


@pytest.fixture
def store(engine, made):
    return ImageStore(Images(engine, patience=QUICK), "home", made.repository)


def wanted(name, **more):
    return Wanted("web", ImageName.parse(str(name)), **more)


def kept(store):
    return [tag.rpartition(":")[2].partition("-")[0] for tag in store.images.tags(store.repository)]


def test_a_tag_is_pinned_to_what_the_registry_has_now(served, made, store, engine):
    name, id, digest = made.remote(served)
    told = []
    (image,) = store.fetch([wanted(name)], told.append).values()
    assert (image.id, image.pinned, image.how) == (id, name.at(digest), "pulled")
    assert any(line.startswith("pulling") for line in told)
    assert engine.image(str(name)) is None  # by its digest alone: a tag would keep it for ever
    assert kept(store) == ["pulled"]
    assert store.fetch([wanted(name)], quiet)["web"].how == "found"  # asked, not pulled
    second = made.image(str(name))
    store.images.push(name, quiet)
    made.engine.api.remove_image(str(name))
    assert store.fetch([wanted(name)], quiet)["web"].id == second
    assert kept(store) == ["pulled", "pulled"]


def test_what_is_here_by_its_digest_needs_no_registry(served, made, store):
    _, id, digest = made.remote(served)
    with between(served, lambda *_: None) as proxy:
        near = ImageName.parse(f"{proxy.address}/{made.repository}:1")
        store.fetch([wanted(near)], quiet)
    assert store.fetch([wanted(near.at(digest))], quiet)["web"].id == id
    assert store.fetch([wanted(near.at(digest), policy="never")], quiet)["web"].id == id
    with pytest.raises(RegistryError, match="connection refused"):
        store.fetch([wanted(near)], quiet)


def test_a_registry_that_is_away_and_what_is_here(served, made, store):
    """The name is no promise of what it stands for; whoever means what is here can say so."""
    _, id, digest = made.remote(served)
    with between(served, lambda *_: None) as proxy:
        near = ImageName.parse(f"{proxy.address}/{made.repository}:1")
        store.images.pull(near, digest, None, quiet)
        store.images.tag(id, near)
    with pytest.raises(RegistryError) as caught:
        store.fetch([wanted(near)], quiet)
    assert f"write `image: {near.at(digest)}`, or `pull_policy: missing`" in caught.value.hint
    assert store.fetch([wanted(near, policy="missing")], quiet)["web"].id == id


def test_an_image_that_is_only_here(made, store, engine):
    id = made.image()
    (image,) = store.fetch([wanted(f"{made.repository}:1")], quiet).values()
    assert (image.id, image.pinned, image.how) == (id, f"{made.repository}:1", "found")
    with pytest.raises(FairleadError, match="is not here, and pull_policy is never"):
        store.fetch([wanted(f"{made.repository}:2", policy="never")], quiet)
    store.sweep(())
    assert engine.image(f"{made.repository}:1").id == id  # it was here before
    assert kept(store) == []


def test_several_are_pulled_side_by_side(served, made, store):
    name, id, _ = made.remote(served)
    other = ImageName.parse(f"{served}/{made.repository}/other:1")
    second = made.image(str(other))
    store.images.push(other, quiet)
    made.forget(second)
    found = store.fetch([wanted(name), Wanted("worker", other), Wanted("job", name)], quiet)
    assert {item: one.id for item, one in found.items()} == {"web": id, "worker": second, "job": id}


def test_an_image_for_another_machine(made, store):
    made.image(architecture="s390x")
    with pytest.raises(Refused, match=r"web: image .* is for linux/s390x, and it is to run on linux/") as caught:
        store.fetch([wanted(f"{made.repository}:1")], quiet)
    assert "name `platform: linux/s390x`" in caught.value.hint
    assert kept(store) == []
    assert store.fetch([wanted(f"{made.repository}:1", platform="linux/s390x")], quiet)["web"]


def test_what_somebody_removed_is_fetched_again(served, made, store):
    name, id, _ = made.remote(served)
    (image,) = store.fetch([wanted(name)], quiet).values()
    told = []
    store.ensure({id: image.pinned}, told.append)
    assert told == []
    made.forget(id)
    store.ensure({id: image.pinned}, told.append)
    assert store.exists(id) and told[0] == f"image {image.pinned} was removed from this machine; pulling it again"
    assert kept(store) == ["pulled"]
    for pinned in ("", str(name)):
        with pytest.raises(FairleadError, match="was removed from this machine, and no registry has it"):
            store.ensure({"sha256:" + "0" * 64: pinned}, quiet)


def test_only_what_is_ours_and_nobody_needs_goes(served, made, store, engine):
    name, id, _ = made.remote(served)
    other = ImageStore(Images(engine, patience=QUICK), "home", f"{made.repository}-other")
    store.fetch([wanted(name)], quiet)
    other.fetch([wanted(name)], quiet)
    assert store.sweep({id}) == ()
    assert store.sweep(()) == (id,)
    assert store.exists(id)  # another project needs it
    other.sweep(())
    assert store.exists(id)  # and did not bring it
    made.forget(id)
    store.fetch([wanted(name)], quiet)
    store.images.tag(id, ImageName.parse(f"{made.repository}:mine"))
    store.sweep(())
    assert store.exists(id)  # somebody has given it a name
    made.forget(id)
    store.fetch([wanted(name)], quiet)
    store.sweep(())
    assert not store.exists(id)


def test_an_image_that_a_container_uses_stays(served, made, store, engine):
    name, id, _ = made.remote(served)
    store.fetch([wanted(name)], quiet)
    container = engine.api.create_container(id, command=["/file"])
    try:
        store.sweep(())
        assert store.exists(id)
    finally:
        engine.remove(container["Id"])
    store.sweep(())
    assert not store.exists(id)


WAYS = {
    "500 twice": (lambda method, path, before: 500 if "manifests" in path and before < 2 else None, None),
    "cut once": (lambda method, path, before: "cut" if before < 1 and "/blobs/" not in path else None, None),
    "500 for ever": (lambda *_: 500, "says: received unexpected HTTP status: 500"),
    "hangs": (lambda *_: "hang", "nothing came from .* for 2 s"),
    "hangs in the middle": (
        lambda method, path, before: "hang" if "/blobs/" in path else None,
        "nothing came from .* for 2 s",
    ),
    "401": (lambda *_: 401, "says: unauthorized: (authentication required|said the test)"),
    "403": (lambda *_: 403, "says: .*403"),
    "404": (lambda method, path, before: 404 if "manifests" in path else None, "says: "),
    "429": (lambda *_: 429, "says: .*429"),
}


USUAL = ("500 twice", "hangs", "401")


@pytest.mark.parametrize("way", [way if way in USUAL else pytest.param(way, marks=pytest.mark.long) for way in WAYS])
def test_a_registry_that_misbehaves(way, served, made, store):
    act, error = WAYS[way]
    _, id, _ = made.remote(served)
    with between(served, act) as proxy:
        name, told = ImageName.parse(f"{proxy.address}/{made.repository}:1"), []
        if error is None:
            assert store.fetch([wanted(name)], told.append)["web"].id == id
            assert any("trying again in" in line for line in told)
            return
        if "hangs" in way:
            store = ImageStore(replace(store.images, patience=HASTY), "home", made.repository)
        with pytest.raises(RegistryError, match=error) as caught:
            store.fetch([wanted(name)], told.append)
        assert str(name) in caught.value.message and proxy.address in caught.value.hint
        assert sum("trying again" in line for line in told) == (5 if way == "500 for ever" else 0)
        assert isinstance(caught.value, Stalled) == ("hangs" in way)
    assert not store.exists(id) and kept(store) == []


def test_a_push_to_a_registry_that_fails_is_tried_again(served, made, store):
    """What is put there twice fails, of an image and of a list of them."""

    def act(method, path, before):
        return 500 if method == "PUT" and "/manifests/" in path and before < 2 else None

    mine = made.engine.facts().architecture
    with between(served, act) as proxy:
        name, told = ImageName.parse(f"{proxy.address}/{made.repository}:1"), []
        made.image(str(name))
        digest = store.images.push(name, told.append)
        every = ImageName.parse(name.tagged("all"))
        listed = put_list(store.images, every, {f"linux/{mine}": digest}, told.append)
        assert store.images.look_up(name, quiet).digest == digest
        found = store.images.look_up(every, quiet)
    assert (found.digest, found.platforms) == (listed, (f"linux/{mine}",))
    assert sum("trying again in" in line for line in told) == 4


def test_who_is_not_known_and_who_is(need, tmp_path, made, store, engine, monkeypatch):
    need("docker-registry")
    config = tmp_path / "docker"
    config.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(config))
    with registry(tmp_path / "closed", HTPASSWD) as address:
        name = ImageName.parse(f"{address}/{made.repository}:1")
        id = made.image(str(name))
        for logins in ({}, {address: Login(address, "bot", Secret("wrong-one"))}):
            with pytest.raises(RegistryError) as caught:
                Images(engine, logins, QUICK).push(name, quiet)
            assert f"docker login {address}" in caught.value.hint and "wrong-one" not in str(caught.value)
        known = Images(engine, {address: Login(address, "bot", Secret(PASSWORD))}, QUICK)
        digest = known.push(name, quiet)
        made.forget(id)
        (config / "config.json").write_text(
            json.dumps({"auths": {address: {"auth": base64.b64encode(f"bot:{PASSWORD}".encode()).decode()}}})
        )
        assert store.fetch([wanted(name)], quiet)["web"].pinned == name.at(digest)  # as `docker login` left it
        helper(config, monkeypatch, address)
        made.forget(id)
        assert store.fetch([wanted(name)], quiet)["web"].id == id
        (config / "docker-credential-own").write_text("#!/bin/sh\necho out of order >&2\nexit 1\n")
        with pytest.raises(FairleadError, match="credential helper says"):
            store.images.look_up(name, quiet)


def helper(config, monkeypatch, address):
    """A credential helper of docker's own protocol."""
    said = json.dumps({"ServerURL": address, "Username": "bot", "Secret": PASSWORD})
    program = config / "docker-credential-own"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{said}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{config}:/usr/bin:/bin:/usr/local/bin")
    (config / "config.json").write_text(json.dumps({"credHelpers": {address: "own"}}))


LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
SINGLE = "application/vnd.docker.distribution.manifest.v2+json"


def asked(address, method, path, body=None, **headers):
    """Of the registry itself; what it answered, and the headers."""
    connection = http.client.HTTPConnection(address)
    connection.request(method, f"/v2/{path}", body, headers)
    answer = connection.getresponse()
    read = answer.read()
    assert answer.status < 300, read
    return read, answer.headers


def listed(made, address, architectures):
    """One name for images of several platforms: the name, their ids, and the digest of the list."""
    name, rows, ids = ImageName.parse(f"{address}/{made.repository}:1"), [], {}
    for architecture in architectures:
        one = name.tagged(architecture)
        ids[architecture] = made.image(str(one), architecture)
        Images(made.engine, patience=QUICK).push(ImageName.parse(str(one)), quiet)
        read, headers = asked(address, "GET", f"{made.repository}/manifests/{architecture}", Accept=SINGLE)
        rows.append(
            {
                "mediaType": SINGLE, "size": len(read), "digest": headers["Docker-Content-Digest"],
                "platform": {"os": "linux", "architecture": architecture},
            }
        )  # fmt: skip
        made.forget(ids[architecture])
    body = json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": rows})
    _, headers = asked(address, "PUT", f"{made.repository}/manifests/1", body, **{"Content-Type": LIST})
    return name, ids, headers["Docker-Content-Digest"]


def test_one_name_for_several_platforms(served, made, store, engine):
    mine = engine.facts().architecture
    name, ids, digest = listed(made, served, [mine, "s390x"])
    origin = store.find(wanted(name), quiet)
    assert (origin.digest, sorted(origin.platforms)) == (digest, sorted([f"linux/{mine}", "linux/s390x"]))
    (image,) = store.fetch([wanted(name)], quiet).values()
    assert (image.id, image.pinned) == (ids[mine], name.at(digest)), "the list's digest, on every machine the same"
    other = wanted(name, platform="linux/s390x")
    (there,) = store.fetch([other], quiet).values()
    assert (there.id, there.pinned) == (ids["s390x"], name.at(digest)), "what is here of the list is another platform"
    made.forget(there.id)
    store.ensure({there.id: there.pinned}, quiet, {there.id: "linux/s390x"})
    made.forget(image.id)
    store.ensure({image.id: image.pinned}, quiet)
    assert store.exists(image.id) and store.exists(there.id)


def test_a_list_without_this_platform_is_found_before_anything_is_pulled(served, made, store, engine):
    name, _, digest = listed(made, served, ["s390x", "ppc64le"])
    for one in (name, ImageName.parse(name.at(digest))):
        found = checked(store, wanted(one), engine.facts().architecture)
        assert (
            found.result == "failed" and "is for linux/s390x, linux/ppc64le, and it is to run on linux/" in found.text
        )
        assert "name `platform: linux/s390x` or `platform: linux/ppc64le`" in found.hint
        with pytest.raises(RegistryError, match="no matching manifest"):
            store.fetch([wanted(one)], quiet)
    assert kept(store) == []
