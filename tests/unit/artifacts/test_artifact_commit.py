"""What a built image is called, and what it says of itself."""

import subprocess

import pytest

from fairlead.artifacts.commit import Commit, cleaned, labels_of, read_commit, tags_of, web_address

ID = "0123456789abcdef" * 2 + "01234567"
CONTENT = "c" * 64


@pytest.mark.parametrize(
    ("commit", "tags"),
    [
        (Commit(), ["content-cccccccccccc"]),
        (Commit(ID, "main", default=True), ["sha-0123456789ab", "main", "latest"]),
        (Commit(ID, "feature/Neu ü"), ["sha-0123456789ab", "feature-Neu-"]),
        (
            Commit(ID, None, tags=("v1.2.3", "v2.0.0-rc.1", "day", "v1")),
            ["sha-0123456789ab", "v1.2.3", "v2.0.0-rc.1"],
        ),
        (Commit(ID, "main", True, ("v1.2.3",), True), ["sha-0123456789ab-dirty-cccccccccccc"]),
        (Commit(ID, "v1.2.3", tags=("v1.2.3",)), ["sha-0123456789ab", "v1.2.3"]),
    ],
)
def test_tags(commit, tags):
    assert list(tags_of(commit, CONTENT)) == tags


@pytest.mark.parametrize(("branch", "tag"), [("-x", "x"), ("a/b", "a-b"), ("ü", "branch"), ("x" * 200, "x" * 128)])
def test_a_branch_as_a_tag(branch, tag):
    assert cleaned(branch) == tag


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@github.com:acme/shop.git", "https://github.com/acme/shop"),
        ("https://me:token@github.com/acme/shop.git", "https://github.com/acme/shop"),
        ("ssh://git@git.example.com:2222/acme/shop", "https://git.example.com/acme/shop"),
        ("http://git.example.com:3000/acme/shop.git", "http://git.example.com:3000/acme/shop"),
        ("/srv/git/shop.git", ""),
        ("../shop", ""),
        ("", ""),
    ],
)
def test_an_address_for_people(remote, address):
    assert web_address(remote) == address


def test_labels_are_those_of_the_commit():
    commit = Commit(ID, "main", False, ("v1.0.0",), True, 0.0, "https://example.com/shop")
    labels = {key.rpartition(".")[2]: value for key, value in labels_of(commit, CONTENT, "shop-api").items()}
    assert labels == {
        "title": "shop-api", "version": "v1.0.0", "revision": ID, "created": "1970-01-01T00:00:00+00:00",
        "source": "https://example.com/shop",
    }  # fmt: skip
    dirty = labels_of(Commit(ID, "main", True, ("v1.0.0",)), CONTENT, "x")
    assert dirty["org.opencontainers.image.revision"] == f"{ID}-dirty"
    assert dirty["org.opencontainers.image.version"].startswith("sha-")


def test_what_git_says(tmp_path, need):
    need("git")
    assert read_commit(tmp_path, {}) == Commit()

    def git(*words):
        names = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *names, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q", "-b", "trunk")
    (tmp_path / "file").write_text("1")
    git("add", "-A")
    git("commit", "-qm", "x", "--date", "2020-01-01T00:00:00Z")
    git("tag", "v1.0.0")
    git("remote", "add", "origin", "https://me:token@example.com/shop.git")
    found = read_commit(tmp_path, {})
    assert (found.branch, found.dirty, found.tags, found.default) == ("trunk", False, ("v1.0.0",), False)
    assert found.source == "https://example.com/shop" and found.moment > 1.5e9
    assert read_commit(tmp_path, {"CI_DEFAULT_BRANCH": "trunk"}).default
    (tmp_path / "file").write_text("2")
    assert read_commit(tmp_path, {}).dirty
    before = {"commit": found.id, "branch": "other", "dirty": False}
    git("commit", "-qam", "y")
    again = read_commit(tmp_path, {}, before)  # of a commit that is not the folder's any more
    assert (again.id, again.branch, again.tags, again.moment) == (found.id, "other", ("v1.0.0",), found.moment)
