"""Two branches that changed the same file, merged by git itself."""

import pytest


def branch(person, name, *values):
    person.git("checkout", "-q", "-b", name, "main")
    for key, value in values:
        person.secrets("set", "production", key, stdin=value)
    person.git("commit", "-qam", name)


def value(person, name):
    return person.secrets("get", "production", name).stdout.removesuffix("\n")


def test_different_values_are_both_kept(begun):
    branch(begun, "one", ("SMTP_PASSWORD", "smtp-2-9Zq8LmX4"))
    branch(begun, "two", ("API_TOKEN", "token-2-9Zq8LmX4"))
    begun.git("merge", "-q", "--no-edit", "one")
    assert (value(begun, "SMTP_PASSWORD"), value(begun, "API_TOKEN")) == ("smtp-2-9Zq8LmX4", "token-2-9Zq8LmX4")
    changed = begun.git("diff", "--numstat", "HEAD^1", "HEAD", "--", "secrets").stdout.split()
    assert int(changed[0]) <= 3  # the value, the MAC, perhaps the time
    assert not begun.git("status", "--porcelain").stdout


def test_the_same_value_changed_on_both_sides_is_a_conflict(begun):
    branch(begun, "one", ("SMTP_PASSWORD", "smtp-2-9Zq8LmX4"), ("API_TOKEN", "token-2-9Zq8LmX4"))
    branch(begun, "two", ("SMTP_PASSWORD", "smtp-3-9Zq8LmX4"))
    conflict = begun.git("merge", "-q", "--no-edit", "one", code=1)
    assert "both sides changed SMTP_PASSWORD; ours stays" in conflict.stderr
    assert "smtp-" not in conflict.stdout + conflict.stderr
    assert begun.git("status", "--porcelain").stdout.startswith("UU secrets/production.yaml")
    assert (value(begun, "SMTP_PASSWORD"), value(begun, "API_TOKEN")) == ("smtp-3-9Zq8LmX4", "token-2-9Zq8LmX4")


@pytest.mark.parametrize("ours", ["leave", "change"])
def test_a_recipient_that_one_side_took_away_stays_away(begun, bob, ours):
    theirs = bob.secrets("recipients", "me").stdout.strip()
    begun.secrets("recipients", "add", "production", theirs)
    begun.git("commit", "-qam", "bob joins")
    begun.git("checkout", "-q", "-b", "leave", "main")
    begun.secrets("recipients", "remove", "production", theirs)
    begun.git("commit", "-qam", "bob leaves")
    branch(begun, "change", ("SMTP_PASSWORD", "smtp-2-9Zq8LmX4"))
    begun.git("checkout", "-q", ours)
    begun.git("merge", "-q", "--no-edit", "change" if ours == "leave" else "leave")
    assert value(begun, "SMTP_PASSWORD") == "smtp-2-9Zq8LmX4"
    assert theirs not in (begun.folder / "secrets" / "production.yaml").read_text()
    assert "no key here opens" in bob.secrets("get", "production", "SMTP_PASSWORD", code=1).stderr


def test_without_a_key_git_keeps_the_conflict_and_our_file(begun, bob):
    branch(begun, "one", ("SMTP_PASSWORD", "smtp-2-9Zq8LmX4"))
    branch(begun, "two", ("API_TOKEN", "token-2-9Zq8LmX4"))
    before = (begun.folder / "secrets" / "production.yaml").read_bytes()
    refused = bob.git("merge", "-q", "--no-edit", "one", code=1)
    assert "no key here opens" in refused.stderr
    assert "has our side alone" in refused.stderr
    assert (begun.folder / "secrets" / "production.yaml").read_bytes() == before
    again = "git checkout --merge -- secrets/production.yaml"
    assert again in refused.stderr
    begun.git(*again.split()[1:])
    assert (value(begun, "SMTP_PASSWORD"), value(begun, "API_TOKEN")) == ("smtp-2-9Zq8LmX4", "token-2-9Zq8LmX4")


def test_a_conflict_left_in_is_named(begun):
    file = begun.folder / "secrets" / "production.yaml"
    text = file.read_text()
    file.write_text("<<<<<<< ours\n" + text + "=======\n" + text + ">>>>>>> theirs\n")
    refused = begun.secrets("get", "production", "SMTP_PASSWORD", code=1)
    assert "secrets/production.yaml:1: a conflict of a merge was left in" in refused.stderr
