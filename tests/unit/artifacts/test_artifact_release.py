"""Releases: their names, their files, and which of them go."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from fairlead.artifacts import Release, ReleaseStore, Unreadable
from fairlead.errors import FairleadError, UsageError
from fairlead.project.stack import CanaryStep, Health, Prepare, Rollout, Route, Service, Stack

SERVICE = Service(
    "web", "run ${PORT}", source="./app", prepare=Prepare(("make",), ("Makefile",)), port=8000, routes=(Route("/"),),
    env={"GREETING": "gr\u00fc\u00df"}, health=Health(ready="/health"),
)  # fmt: skip
STACK = Stack("shop", "local", services=(SERVICE,), rollout=Rollout("canary", steps=(CanaryStep(5, 1.5),)))
ARTIFACTS = {"web": "a" * 64}


def release(number: int) -> Release:
    """Releases that differ, each a second newer than the one before."""
    created = f"2030-01-01T00:00:{number:02}.000000+00:00"
    return Release.of(dataclasses.replace(STACK, project=f"shop{number}"), ARTIFACTS, {"user": "ada"}, created)


@pytest.fixture
def store(tmp_path: Path) -> ReleaseStore:
    return ReleaseStore(tmp_path / "releases")


def files(store: ReleaseStore, saved: Release) -> tuple[Path, Path]:
    """The file of a release, and its copy."""
    return store.folder / f"{saved.id}.json", store.folder / f"{saved.id}.copy"


def test_the_id_is_of_the_content_alone() -> None:
    first = Release.of(STACK, ARTIFACTS, {"user": "ada"}, "2030-01-01T00:00:00.000000+00:00")
    assert len(first.id) == 12
    assert int(first.id, 16) >= 0
    assert Release.of(STACK, ARTIFACTS, {"user": "bob"}).id == first.id
    assert Release.of(STACK, {"web": "b" * 64}, {}).id != first.id
    assert Release.of(dataclasses.replace(STACK, environment="other"), ARTIFACTS, {}).id != first.id


def test_a_release_comes_back_whole(store: ReleaseStore) -> None:
    first = Release.of(STACK, ARTIFACTS, {"user": "ada", "git": {"dirty": True}})
    assert store.save(first) == first
    assert store.load(first.id) == first
    assert store.load(first.id[:4]) == first
    assert store.all() == (first,)


def test_where_an_image_is_to_be_had_is_learned_and_not_forgotten(store: ReleaseStore) -> None:
    """It is pushed after it was deployed: the same release, which a registry has now."""
    artifacts = {"web": "sha256:" + "a" * 64, "seed": "sha256:" + "a" * 64}
    first = Release.of(STACK, artifacts, {}, images={"web": "", "seed": ""})
    pinned = f"ghcr.io/acme/shop@sha256:{'b' * 64}"
    assert store.save(first).pinned() == {"sha256:" + "a" * 64: ""}
    later = Release.of(STACK, artifacts, {"user": "bob"}, images={"web": pinned, "seed": pinned})
    assert later.id == first.id
    assert store.save(later).images == {"web": pinned, "seed": pinned}
    assert store.save(first).images == {"web": pinned, "seed": pinned}
    kept = store.load(first.id)
    assert (kept.pinned(), kept.origin) == ({"sha256:" + "a" * 64: pinned}, first.origin)


def test_the_first_one_saved_stays(store: ReleaseStore) -> None:
    first = Release.of(STACK, ARTIFACTS, {"user": "ada"})
    store.save(first)
    assert store.save(Release.of(STACK, ARTIFACTS, {"user": "bob"})) == first
    assert store.load(first.id).origin == {"user": "ada"}


def test_unknown_ids_are_told_with_those_there_are(store: ReleaseStore) -> None:
    with pytest.raises(UsageError, match="no such release") as caught:
        store.load("abc")
    assert caught.value.hint == "deploy one first"
    saved = [store.save(release(number)) for number in range(7)]
    wrong = saved[3].id[:-1] + ("0" if saved[3].id[-1] != "0" else "1")
    with pytest.raises(UsageError) as caught:
        store.load(wrong)
    assert caught.value.hint == f"did you mean {saved[3].id}?"
    for unknown in ("zzz", "../../x", ""):
        with pytest.raises(UsageError) as caught:
            store.load(unknown)
        assert caught.value.hint == "known releases: " + ", ".join(each.id for each in saved[:1:-1]) + " …"


def test_a_beginning_that_several_share_is_refused(store: ReleaseStore) -> None:
    ids = [store.save(release(number)).id for number in range(20)]  # 20 ids, 16 first digits
    shared = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)
    with pytest.raises(UsageError, match="several begin like this"):
        store.load(shared)


def test_newest_first_and_which_stay(store: ReleaseStore) -> None:
    ids = [store.save(release(number)).id for number in range(6)]
    assert [each.id for each in store.all()] == ids[::-1]
    assert set(store.keep_only({ids[0], ids[4], ids[5]})) == {ids[1], ids[2], ids[3]}
    assert [each.id for each in store.all()] == [ids[5], ids[4], ids[0]]
    assert store.keep_only(ids) == ()
    store.remove("gone")


def test_the_machine_is_kept_and_is_not_part_of_the_id(store: ReleaseStore) -> None:
    first = store.save(dataclasses.replace(release(1), machine={"python": "/a", "env": {"PATH": "/a"}}))
    again = dataclasses.replace(release(1), machine={"python": "/b", "env": {}}, created="2031", origin={})
    assert first.id == again.id == release(1).id
    assert store.save(again) == store.load(first.id) == first
    renewed = store.save(again, renew=True)
    assert renewed == store.load(first.id) == dataclasses.replace(first, machine=again.machine)


@pytest.mark.parametrize("content", ["{}", "[]", "no json", ""])
def test_one_damaged_file_hides_no_other(store: ReleaseStore, content: str) -> None:
    good, bad = store.save(release(1)), store.save(release(2))
    for file in files(store, bad):
        file.write_text(content)
    assert store.all() == (good,)
    assert store.unreadable() == (bad.id,)
    assert store.load_or_none(bad.id) is None
    assert store.load_or_none("0" * 12) is None
    with pytest.raises(Unreadable) as caught:
        store.load(bad.id)
    assert "which writes the file anew" in (caught.value.hint or "")
    assert store.save(release(2)) == store.load(bad.id) == bad  # what the hint says


@pytest.mark.parametrize("content", ["{}", "[]", "no json", "", None])
@pytest.mark.parametrize("which", [0, 1])
def test_a_damaged_file_is_put_back_from_its_copy(store: ReleaseStore, which: int, content: str | None) -> None:
    saved = store.save(dataclasses.replace(release(1), origin={"who": "me"}, machine={"python": "/a"}))
    whole = [file.read_text() for file in files(store, saved)]
    harmed = files(store, saved)[which]
    harmed.unlink() if content is None else harmed.write_text(content)
    assert store.load(saved.id) == store.load_or_none(saved.id) == saved
    assert (store.ids(), store.unreadable()) == ([saved.id], ())
    assert store.save(release(1)) == saved
    assert [file.read_text() for file in files(store, saved)] == whole
    store.remove(saved.id)
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize("key", ["stack", "artifacts", None])
def test_a_changed_file_is_told(store: ReleaseStore, key: str | None) -> None:
    saved = store.save(release(1))
    file = files(store, saved)[0]
    files(store, saved)[1].unlink()
    data = json.loads(file.read_text())
    if key is None:
        file.write_text("[]")
    else:
        data[key]["project" if key == "stack" else "web"] = "evil"
        file.write_text(json.dumps(data))
    with pytest.raises(FairleadError, match="changed or is damaged") as caught:
        store.load(saved.id)
    assert str(file) in caught.value.message


def test_a_newer_format_is_read_as_far_as_it_is_known(store: ReleaseStore) -> None:
    """A release of a newer Fairlead has fields this one does not know; its id covers them all the same."""
    saved = store.save(release(1))
    data = json.loads((store.folder / f"{saved.id}.json").read_text())
    data["later"] = {"x": 1}
    (store.folder / f"{saved.id}.json").write_text(json.dumps(data))
    assert store.load(saved.id) == saved
