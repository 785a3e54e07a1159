"""A store that is made anew: the new one, or the old one as it was, wherever who makes it is killed."""

import os
import sys
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from fairlead.artifacts import ArtifactStore
from fairlead.engine.facts import ContainerFacts, ImageFacts, Ran
from fairlead.engine.failures import EngineError
from fairlead.errors import FairleadError, Interrupted, Refused, RolloutFailed
from fairlead.masking import Secret
from fairlead.operations.environment import sweep
from fairlead.operations.stores import changes, ensure
from fairlead.operations.stores.changes import ChangeFailed, change, go_back, lock_of, require_fit, stays
from fairlead.operations.stores.ensure import carry
from fairlead.project.stack import Health, Stack, Store
from fairlead.stores import aside, docker, unnamed
from fairlead.stores.aside import images_of
from fairlead.stores.declared import fingerprint
from fairlead.stores.docker import DockerStores
from fairlead.stores.fake import FakeStores
from fairlead.stores.folder import StoreFolder
from fairlead.stores.majors import misfit, said_major
from fairlead.stores.plan import store_steps
from fairlead.system.home import Place
from fairlead.system.lock import held_lock

HEALTH = Health(interval=0.001, deadline=60.0)
CACHE = Store("cache", "redis", maxmemory=1 << 20, health=HEALTH)
WIDER = replace(CACHE, maxmemory=2 << 20)
VALUES = {"CACHE_PASSWORD": Secret("cache-phrase-1")}


KEPT = "/kept"  #: an image says so, and the file names no volume for it


class Killed(BaseException):
    """As a kill is: nobody catches it."""


def silent(*_):
    pass


def make(stores, store, say=silent):
    carry(stores, (store,), store_steps([store], stores.observe()), VALUES, say)


@pytest.fixture
def stores():
    found = FakeStores()
    make(found, CACHE)
    found.said.clear()
    return found


def test_one_that_does_not_come_up_goes_back_and_the_message_says_so(stores):
    stores.ill.add(fingerprint(WIDER))
    said = []
    with pytest.raises(ChangeFailed, match="store cache is not well: it ends at once") as caught:
        make(stores, WIDER, lambda kind, text: said.append((kind, text)))
    assert "cache was not made anew: it runs as before and is well" in caught.value.message
    assert caught.value.exit_code == 1
    assert stores.said == ["set cache aside", "have cache", "bring cache back"]
    assert stores.observe()[0].fingerprint == fingerprint(CACHE)
    assert ("ready", "cache is well, as it was before") in said


def test_an_interruption_takes_it_back_too(stores):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="runs as before"):
        change(stores, WIDER, stop, silent)
    assert stores.observe()[0].living


def test_one_that_cannot_go_back_either_says_both_reasons(stores):
    stores.ill |= {fingerprint(WIDER), fingerprint(CACHE)}
    stores.made["cache"] = replace(stores.made["cache"], store=replace(CACHE, health=replace(HEALTH, deadline=0.1)))
    with pytest.raises(ChangeFailed, match=r"is not well: it ends[^$]*and is not well as it was before: store cache"):
        make(stores, WIDER)


def test_what_is_known_before_is_refused_before(stores):
    stores.misfits["cache"] = "store cache: its data is of another"
    with pytest.raises(Refused, match="another; nothing was touched") as caught:
        require_fit(stores, WIDER, "")
    assert "newer PostgreSQL" in str(caught.value.hint)
    assert stores.said == []


@pytest.mark.parametrize(
    ("said", "major"),
    [
        ("postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)", "15"),
        ("postgres (PostgreSQL) 18beta1", "18"),
        ("postgres (PostgreSQL) 9.6.24", "9.6"),
        ("sh: postgres: not found", ""),
    ],
)
def test_a_major_is_read_from_what_a_server_says(said, major):
    assert said_major(said) == major


def test_data_of_another_major_is_named_and_what_is_not_known_is_no_reason():
    assert "data is of PostgreSQL 15, which PostgreSQL 17 does not read" in misfit("db", "17", "15")
    assert [misfit("db", has, made) for has, made in (("17", "17"), ("", "15"), ("17", ""))] == ["", "", ""]


def test_what_fails_after_it_says_that_the_store_stays():
    said = []
    with pytest.raises(RolloutFailed), stays(["cache"], lambda _, text: said.append(text)):
        raise RolloutFailed("no")
    assert "cache: made anew before this and well" in said[0]


@dataclass
class Machine:
    """Containers, images and volumes as an engine has them: one that is stopped, started, named twice says so."""

    ill: set[str] = field(default_factory=set)
    boxes: dict[str, dict] = field(default_factory=dict)

    def container(self, name):
        found = next((one for one in self.boxes.values() if name in (one["id"], one["name"])), None)
        if found is None:
            return None
        sick = found["labels"]["dev.fairlead.spec"] in self.ill and found["state"] == "running"
        found["restarts"] += sick
        return ContainerFacts(
            found["id"], found["name"], found["labels"], found["image"], found["state"], 0, found["started"], 0, False,
            found["restarts"], "", "", {}, {"Mounts": [found["volume"]]},
        )  # fmt: skip

    def _of(self, name):
        return self.boxes[self.container(name).id]

    def create(self, spec):
        if self.container(spec.name):
            raise EngineError(f"{spec.name} is taken")
        id = f"id{len(self.boxes)}-{spec.image}"
        named = next((one.source for one in spec.mounts if one.target == KEPT), f"{len(self.boxes):064x}")
        self.boxes[id] = {"id": id, "name": spec.name, "labels": dict(spec.labels), "image": spec.image,
                          "state": "created", "restarts": 0, "started": "",
                          "volume": {"Type": "volume", "Name": named, "Destination": KEPT}}  # fmt: skip
        return id

    def start(self, name):
        others = [one for one in self.boxes.values() if one["state"] == "running" and one is not self._of(name)]
        if others:
            raise AssertionError("two of them have the data open")
        self._of(name).update(state="running", started="once")

    def stop(self, name, grace):
        self._of(name)["state"] = "exited"

    begin_stop = stop

    def rename(self, name, new):
        if self.container(new):
            raise EngineError(f"{new} is taken")
        self._of(name)["name"] = new

    def remove(self, name, volumes=True):
        assert not volumes, "its data may be in one without a name"
        self._of(name)["removed"] = True
        self.boxes[self.container(name).id]["name"] = ""

    def image(self, reference):
        return ImageFacts(reference, (), (), "amd64", "linux", "", (), 0)

    def volume(self, name):
        return None

    def create_volume(self, name, labels):
        pass

    def run(self, name, argv, seconds):
        sick = self._of(name)["labels"]["dev.fairlead.spec"] in self.ill
        return Ran(1, "no") if sick else Ran(0, "PONG")

    def log(self, name, lines):
        return ""


@pytest.fixture
def contained(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path))
    monkeypatch.setattr(docker, "ensure_named", lambda *_: None)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # nobody pulls the plug here

    def fresh(number):
        place = Place.of("shop", f"e{number}")
        place.create()
        found = DockerStores(place, Machine())
        make(found, CACHE)
        return found

    return fresh


FILES = {module.__file__ for module in (aside, docker, changes, unnamed)}
LOOKS = {"observe", "_look", "_facts", "_owned", "_known", "_reached", "_folder", "_saw", "ask", "starts", "kept"}
"""Functions that change nothing."""


def killed(act, line):
    """Whether the act was killed before its nth line in what changes a store."""
    left = [line]

    def trace(frame, event, _):
        if frame.f_code.co_filename not in FILES or frame.f_code.co_name in LOOKS:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] < 0:
                raise Killed
        return trace

    sys.settrace(trace)
    try:
        act()
    except Killed:
        return True
    except FairleadError:
        return False
    finally:
        sys.settrace(None)
    return False


def old_of(stores):
    return stores.engine.container(stores.owner.name("cache")).id


def whole(stores, old):
    """It is one of the two, all of it, and nothing of the other is left."""
    (one,) = stores.observe()
    (box,) = (each for each in stores.engine.boxes.values() if each["name"])
    folder = stores.place.stores / "cache"
    assert one.living
    assert one.fingerprint == fingerprint(one.store) == box["labels"]["dev.fairlead.spec"]
    assert str(one.store.maxmemory) in (folder / "conf" / "redis.conf").read_text()
    assert stores.changing() == ()
    assert not list(folder.rglob("*before*"))
    assert box["name"] == stores.owner.name("cache")
    assert box["volume"] == stores.engine.boxes[old]["volume"]
    if one.fingerprint == fingerprint(CACHE):
        assert box["id"] == old
    return one.fingerprint


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.long(seconds=30))])
@pytest.mark.parametrize("ill", [False, True])
def test_whoever_is_killed_at_any_line_is_followed_by_one_who_has_a_whole_store(contained, ill, every):
    """The next one, which is nothing special, is killed too in its turn, somewhere else each time."""
    seen, line = set(), 0
    while True:
        stores = contained(line)
        stores.engine.ill = {fingerprint(WIDER)} if ill else set()
        old = old_of(stores)
        if not killed(lambda stores=stores: make(stores, WIDER), line):
            break
        killed(lambda stores=stores: go_back(stores, silent), line * 7 % 60)
        go_back(stores, silent)
        stores.start([one.name for one in stores.observe()])
        seen.add(whole(stores, old))
        line += every
    assert whole(stores, old) == fingerprint(CACHE if ill else WIDER)
    assert seen == ({fingerprint(CACHE)} if ill else {fingerprint(CACHE), fingerprint(WIDER)})
    assert line > 80


def test_the_keeper_brings_it_back_and_starts_nothing_while_somebody_may_be_at_it(contained, monkeypatch):
    stores = contained("keeper")
    place, old = stores.place, old_of(stores)
    monkeypatch.setattr(ensure, "stores_of", lambda *_: stores)
    stores.set_aside("cache")
    assert ensure.any_dead("docker", place)
    assert ensure.start_dead("docker", place, alone=False) == ()
    assert ensure.start_dead("docker", place) == ("cache",)
    assert whole(stores, old) == fingerprint(CACHE)
    assert not ensure.any_dead("docker", place)


def test_a_store_that_ended_is_not_started_while_another_is_made_anew(contained, monkeypatch):
    stores = contained("lock")
    monkeypatch.setattr(ensure, "stores_of", lambda *_: stores)
    stores.stop(["cache"])
    with held_lock(lock_of(stores.place), "a change", "the stores"):
        assert ensure.start_dead("docker", stores.place, alone=False) == ()
    assert ensure.start_dead("docker", stores.place, alone=False) == ("cache",)


def test_one_that_cannot_be_told_of_its_certificate_keeps_no_other_from_its_own(monkeypatch):
    class Deaf(FakeStores):
        def renew(self, names, now=None):
            if "cache" in names:
                raise FairleadError("cache cannot be told")
            told.extend(names)
            return tuple(names)

    told, found = [], Deaf()
    for name in ("cache", "files"):
        found.have(replace(CACHE, name=name), VALUES)
    monkeypatch.setattr(ensure, "stores_of", lambda *_: found)
    with pytest.raises(FairleadError, match="cache cannot be told"):
        ensure.renew_all("docker", None)
    assert told == ["files"]


def test_up_brings_it_back_and_waits_until_it_is_well(contained, monkeypatch):
    stores = contained("up")
    old, said = old_of(stores), []
    monkeypatch.setattr(ensure, "stores_of", lambda *_: stores)
    stores.set_aside("cache")
    ensure.revive("docker", stores.place, lambda kind, text: said.append((kind, text)))
    assert whole(stores, old) == fingerprint(CACHE)
    assert said[-1] == ("ready", "cache is well")


def test_a_plan_after_a_kill_is_made_from_what_goes_back(contained, monkeypatch):
    stores = contained("plan")
    monkeypatch.setattr(ensure, "stores_of", lambda *_: stores)
    monkeypatch.setattr(ensure, "declared", lambda *_: (WIDER,))
    stores.set_aside("cache")
    stores.have(WIDER, VALUES)
    (step,) = ensure.steps_of(Stack("shop", "plan", "docker", services=()), stores.place.root, stores.place)
    assert step.kind == "change"


def test_what_stores_are_made_from_or_go_back_to_is_no_image_to_remove(contained):
    stores = contained("images")
    environment = stores.place.root
    assert images_of(environment) == {"redis:8-alpine"}
    (environment / "stores" / "change.lock").touch()  # of whoever changes them; it stays
    stores.set_aside("cache")
    stores.have(WIDER, VALUES, "sha256:other")
    assert images_of(environment) == {"redis:8-alpine", "sha256:other"}
    used = []
    images = SimpleNamespace(sweep=used.append)
    sweep(stores.place, ArtifactStore(environment.parent / "artifacts"), silent, images)
    assert used == [{"redis:8-alpine", "sha256:other"}]
    stores.let_go("cache")
    assert images_of(environment) == {"sha256:other"}


def test_a_container_that_is_gone_is_made_from_what_it_was_made_from(contained, monkeypatch):
    """That was pulled by its digest, so its tag need not be here, or be another image by now."""
    stores = contained("gone")
    monkeypatch.setattr(stores.engine, "image", lambda name: None if name == "redis:8-alpine" else True)
    folder = StoreFolder(stores.place.stores / "cache", stores.place.stores / "cache")
    folder.keep(replace(folder.kept(), image="sha256:mine"))
    stores.stop(["cache"])
    stores.engine.remove(old_of(stores), volumes=False)
    make(stores, CACHE)
    assert stores.engine.container(old_of(stores)).image == "sha256:mine"
    monkeypatch.setattr(stores.engine, "image", lambda _: None)
    stores.stop(["cache"])
    stores.engine.remove(old_of(stores), volumes=False)
    with pytest.raises(EngineError, match="redis:8-alpine is not here"):
        stores.start(["cache"])
