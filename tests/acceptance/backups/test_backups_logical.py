"""Logical backups of a real PostgreSQL: made, listed, read, pruned."""

import json
import shutil

import pyrage
import pytest

pytestmark = pytest.mark.real


def test_made_listed_read(site):
    made = site.json("backup", "now", "local", "-m", "before the import")["stores"][0]["backup"]
    assert made["databases"] == ["reports", "shop"]
    assert made["why"] == "before the import"
    assert made["server"].split(".")[0].isdigit()
    assert made["lsn"]
    assert made["timeline"] == 1
    assert site.ids() == [made["id"]]
    assert "never read" in site.run("backup", "list", "local")
    assert site.json("backup", "verify", "local")["ok"]
    assert "verified" in site.run("backup", "list", "local")
    for part in site.backups.rglob("*.age"):  # which age itself opens, and nobody without the key
        assert pyrage.decrypt(part.read_bytes(), [site.identity]).startswith((b"PGDMP", b"--"))


def test_no_password_and_no_row_is_readable_where_backups_lie(site):
    site.run("backup", "now", "local")
    text = b"".join(path.read_bytes() for path in site.backups.rglob("*") if path.is_file())
    assert b"SCRAM-SHA-256" not in text
    assert b"order 1" not in text
    assert b"SCRAM-SHA-256" in pyrage.decrypt(site.part("globals.sql.age").read_bytes(), [site.identity])


def test_a_backup_that_fails_is_none(site):
    """One database is damaged, which pg_dump finds; the one before it was written already."""
    site.sql("CREATE DATABASE wrong")
    try:
        site.sql("CREATE SCHEMA s CREATE TABLE t ()", "wrong")
        site.sql("DELETE FROM pg_namespace WHERE nspname = 's'", "wrong")
        said = site.run("backup", "now", "local", code=1)
    finally:
        site.sql("DROP DATABASE wrong WITH (FORCE)")
    assert "pg_dump of wrong" in said
    assert site.ids() == []
    assert [path.name for path in site.backups.rglob("*") if path.is_file()] == ["machine.json"]


def test_with_aes_where_a_rule_asks_for_it(site):
    """The same commands, and both kinds are read whatever is declared."""
    site.run("backup", "now", "local")
    site.write(more="encryption: aes-256-gcm")
    site.run("backup", "now", "local")
    for name in ("shop.dump.age", "globals.sql.age"):
        assert site.part(name, site.ids()[0]).read_bytes().startswith(b"fairlead/aes-256-gcm/v1\n")
    assert site.json("backup", "verify", "local")["ok"]
    assert site.json("db", "drill", "local")["ok"]
    site.run("db", "restore", "local", "db", "--database", "reports", "--yes")
    part = site.part("shop.dump.age", site.ids()[0])
    part.write_bytes(part.read_bytes()[:-20])
    assert "is damaged: it was changed or cut short" in site.run("backup", "verify", "local", code=1)


def test_whoever_lost_the_key_is_told_which_one_it_is(site):
    site.run("backup", "now", "local")
    own, away = site.root / "home" / "age.txt", site.root / "age.away"
    if own.exists():
        own.rename(away)
    try:
        for words in (("db", "restore", "local", "db", "--yes"), ("db", "drill", "local")):
            said = site.run(*words, code=None, SOPS_AGE_KEY="")
            assert f"there is no key here that could open backup {site.ids()[0]}" in said
    finally:
        if away.exists():
            away.rename(own)


def test_a_check_that_fails_is_no_reason_to_have_no_backup(site):
    site.write(more="", deploy="")
    file = site.root / "fairlead.yaml"
    file.write_text(file.read_text().replace("select count(*) from orders", "select nonsense"))
    site.run("backup", "now", "local")
    assert "check select nonsense: column" in site.run("db", "drill", "local", code=1)


def test_a_flipped_byte_is_found(site):
    site.run("backup", "now", "local")
    part = site.part("shop.dump.age")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    assert "damaged: it was changed or cut short" in site.run("backup", "verify", "local", code=1)
    assert "damaged" in site.run("backup", "list", "local")


def test_a_key_that_does_not_fit_says_nothing_of_a_backup(site):
    site.run("backup", "now", "local")
    other = {"SOPS_AGE_KEY": str(pyrage.x25519.Identity.generate()), "FAIRLEAD_HOME": str(site.root)}
    assert "none of your keys opens it" in site.run("backup", "verify", "local", code=1, **other)
    assert "damaged" not in site.run("backup", "list", "local")
    site.run("backup", "prune", "local", "--yes")
    assert len(site.ids()) == 1


def test_without_a_key_checksums_are_compared(site):
    site.run("backup", "now", "local")
    assert "checksums only" in site.run("backup", "verify", "local", SOPS_AGE_KEY="", FAIRLEAD_HOME=str(site.root))
    part = site.part("reports.dump.age")
    part.write_bytes(part.read_bytes()[:-1])
    said = site.run("backup", "verify", "local", code=1, SOPS_AGE_KEY="", FAIRLEAD_HOME=str(site.root))
    assert "its checksum is another one" in said


def test_pruned_with_a_reason_for_each(site):
    file = site.root / "fairlead.yaml"
    file.write_text(file.read_text().replace("daily: 2", "daily: 1"))  # so that it is the same when a day ends in here
    for _ in range(3):
        site.run("backup", "now", "local")
    ids = site.ids()
    site.run("backup", "pin", "local", ids[2], "-m", "before the audit")
    assert "pinned: before the audit" in site.run("backup", "list", "local")
    plan = site.json("backup", "prune", "local", "--plan")["stores"][0]["backups"]
    assert [one["reasons"] for one in plan if one["keep"]][1] == ["pinned: before the audit"]
    site.run("backup", "unpin", "local", ids[2])
    plan = site.json("backup", "prune", "local", "--plan")["stores"][0]["backups"]
    assert [(one["id"], one["keep"]) for one in plan] == [(ids[0], True), (ids[1], False), (ids[2], False)]
    assert plan[0]["reasons"] == ["daily 1 of 1", "the last good one"]
    assert site.ids() == ids
    half = site.backups / "shop" / "local" / "db" / "20200101T000000Z-aaaa"  # of somebody who was killed
    half.mkdir()
    (half / "shop.dump.age").write_bytes(b"half")
    site.run("backup", "prune", "local", "--yes")
    assert site.ids() == ids[:1]
    assert not half.exists()


def test_one_entry_that_is_damaged_keeps_nobody_from_another(site):
    for _ in range(2):
        site.run("backup", "now", "local")
    ids = site.ids()
    site.part("backup.json", ids[0]).write_text("{")
    assert "unreadable" in site.run("backup", "list", "local")
    assert site.ids() == ids[1:]
    assert f"the entry of backup {ids[0]} is damaged" in site.run("db", "drill", "local", "db", ids[0], code=1)
    said = site.run("backup", "verify", "local", code=1)
    assert f"✓ {ids[1]}" in said and f"✗ {ids[0]}" in said
    routine = site.json("backup", "verify", "local", "--routine", code=1)
    assert routine["backups"][0]["ok"], routine
    assert "its entry is damaged" in site.run("backup", "prune", "local", "--plan")
    site.run("backup", "prune", "local", "--yes")
    site.run("backup", "now", "local")
    assert len(site.ids()) == 2


def test_a_backup_of_another_environment_is_refused(site):
    site.run("backup", "now", "local")
    folder = site.part("backup.json").parent
    entry = json.loads((folder / "backup.json").read_text())
    entry["owner"]["environment"] = "other"
    (folder / "backup.json").write_text(json.dumps(entry))
    said = site.run("db", "restore", "local", "db", "--yes", code=1)
    assert "is a backup of db of shop/other, not of db of shop/local" in said


def test_schedules_are_printed(site):
    lines = site.run("backup", "schedule", "local", "--cron").splitlines()
    assert [line.split(" ", 5)[:5] for line in lines] == [["0", "2", "*", "*", "*"]] * 2 + [
        ["0", "2", "*", "*", "0"]
    ] * 2
    assert "OnCalendar=*-*-* 02:00:00 UTC" in site.run("backup", "schedule", "local", "--systemd")
    assert "fairlead db drill local db" in site.run("backup", "schedule", "local")


def test_a_declared_database_that_is_gone_is_missed(site):
    site.sql("ALTER DATABASE reports RENAME TO elsewhere")
    try:
        said = site.run("backup", "now", "local")
        assert "without reports: it is declared, and is not there" in said
    finally:
        site.sql("ALTER DATABASE elsewhere RENAME TO reports")


def test_another_machine_makes_none_there_until_it_takes_over(site):
    """Two developers, or a copy of a server, with one place; or the one that takes a lost one's place."""
    site.run("backup", "now", "local", "db")
    other = {"FAIRLEAD_HOME": str(site.root / "other")}
    for words in (("now", "local"), ("prune", "local", "--yes")):
        said = site.run("backup", *words, code=3, **other)
        assert "are made by another home on" in said
        assert "fairlead backup adopt local db" in said
    assert len(site.json("backup", "list", "local", **other)["stores"][0]["backups"]) == 1
    assert "made here from now on" in site.run("backup", "adopt", "local", "--yes", **other)
    assert "made here already" in site.run("backup", "adopt", "local", **other)
    site.run("backup", "prune", "local", "--yes", **other)
    assert "are made by another home on" in site.run("backup", "now", "local", code=3)
    assert "are made by another home on" in site.run("db", "restore", "local", "db", "--database", "reports", "--yes")
    assert site.json("backup", "adopt", "local", "--yes")["stores"][0]["changed"]
    site.run("backup", "now", "local")


def test_a_disk_that_is_away_is_no_new_place(site):
    site.run("backup", "now", "local")
    away = site.backups.rename(site.root / "away")
    for words in (("list",), ("now",), ("verify",), ("prune", "--plan")):
        said = site.run("backup", words[0], "local", *words[1:], code=1)
        assert "has nothing of the backups of db of shop/local" in said
        assert "see whether it is mounted" in said
        assert not site.backups.exists()
    away.rename(site.backups)
    assert len(site.ids()) == 1
    shutil.rmtree(site.backups)
    site.run("backup", "adopt", "local", "--yes")
    assert site.ids() == []
    site.run("backup", "now", "local")
