"""What pgBackRest is told, and what it says."""

from pathlib import Path

import pytest

from fairlead.backups.catalogue import Backup, Owner, Part
from fairlead.backups.destinations.base import Unreachable
from fairlead.backups.destinations.table import Target, destination_of
from fairlead.backups.engines.pgbackrest.config import INSIDE, REPOSITORY, Cluster, Place, text
from fairlead.backups.engines.pgbackrest.engine import parent_of, statuses
from fairlead.backups.engines.pgbackrest.program import Tool, prepared, unread
from fairlead.backups.engines.pgbackrest.repository import Repository, new_passphrase
from fairlead.backups.engines.pgbackrest.watcher import taken
from fairlead.backups.logical import Recipients
from fairlead.backups.sealing import Damaged, WrongKey
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret

PHRASE = "a-phrase-of-some-length"
HERE = Cluster("77", Path("/data"), "/run/x", "5433")
SAID = """stanza: 77
status: error
  archiveId: 15-1, total WAL checked: 6, total valid WAL: 5
    other: 1
  backup: 20261127-031700F, status: invalid, total files checked: 966, total valid files: 965
    checksum invalid: 1
  backup: 20261127-031700F_20261127-031703D, status: valid, total files checked: 967, total valid files: 967
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
"""


def told(target, cluster=HERE):
    place = Place(target, "shop/local/db/repository", Secret(PHRASE))
    lines = text(place, cluster, Path("/own"), 3).splitlines()
    return dict(line.partition("=")[::2] for line in lines), lines


def test_a_folder():
    found, lines = told(Target("/srv/backups/"))
    assert found["repo1-path"] == "/srv/backups/shop/local/db/repository"
    assert (found["repo1-cipher-type"], found["repo1-cipher-pass"]) == ("aes-256-cbc", PHRASE)
    assert (
        found["repo1-retention-full"] == found["repo1-retention-archive"] == "9999999"
    )  # it removes nothing by itself
    assert found["process-max"] == "3"
    assert lines[lines.index("[77]") :] == [
        "[77]", "pg1-path=/data", "pg1-socket-path=/run/x", "pg1-port=5433", "pg1-user=postgres"
    ]  # fmt: skip


def test_a_bucket():
    target = Target(
        "s3://kept/a/b", "https://s3.example.com:9000", "eu-west-1", Secret("ID"), Secret("SECRET"), "/etc/ca.pem"
    )
    found, _ = told(target)
    assert (found["repo1-s3-bucket"], found["repo1-path"]) == ("kept", "/a/b/shop/local/db/repository")
    assert (found["repo1-s3-endpoint"], found["repo1-storage-port"]) == ("s3.example.com", "9000")
    assert (found["repo1-s3-key"], found["repo1-s3-key-secret"]) == ("ID", "SECRET")
    assert (found["repo1-s3-uri-style"], found["repo1-storage-ca-file"]) == ("path", "/etc/ca.pem")
    amazon, _ = told(Target("s3://kept"))
    assert (amazon["repo1-s3-endpoint"], amazon["repo1-path"]) == (
        "s3.us-east-1.amazonaws.com", "/shop/local/db/repository"
    )  # fmt: skip
    assert amazon["repo1-s3-key-type"] == "auto"


def test_what_it_cannot_be_told():
    with pytest.raises(Refused, match="by https alone"):
        told(Target("s3://kept", "http://127.0.0.1:9000"))
    with pytest.raises(FairleadError, match="line end") as caught:
        told(Target("s3://kept", None, "us-east-1", Secret("ID"), Secret("one\nrepo1-path=/other")))
    assert "other" not in str(caught.value)


def test_its_file_is_its_users_alone(tmp_path):
    tool = prepared(Tool("pgbackrest", tmp_path / "own", "77"), Place(Target("/x"), "y", Secret(PHRASE)), HERE)
    assert tool.config.stat().st_mode & 0o777 == 0o600
    assert tool.folder.stat().st_mode & 0o777 == 0o700
    assert tool.words("archive-push") == (
        "pgbackrest", f"--config={tool.config}", "--stanza=77", "archive-push"
    )  # fmt: skip
    assert PHRASE not in repr(tool)


def test_a_container_has_other_names_for_them(tmp_path):
    """Whom it runs there is nobody here: so what he reads and writes is open, in a place that is private."""
    tool = Tool("pgbackrest", tmp_path / "own", "77", seen=Path(INSIDE))
    place = Place(Target("/srv/backups"), "shop/local/db/repository", Secret(PHRASE), REPOSITORY)
    written = prepared(tool, place, HERE).config.read_text().splitlines()
    assert {f"repo1-path={REPOSITORY}", f"lock-path={INSIDE}/lock", f"spool-path={INSIDE}/spool"} <= set(written)
    assert (tool.config.stat().st_mode & 0o777, tool.folder.stat().st_mode & 0o777) == (0o644, 0o777)
    assert tool.words("info")[1] == f"--config={INSIDE}/{tool.config.name}"


def test_the_beginning_of_a_segment_that_a_promotion_leaves_is_not_that_segment():
    name = "000000010000000000000008"
    assert taken(name) == taken(f"{name}.00000028.backup") == (1, 8)
    assert taken(f"{name}.partial") is taken("00000002.history") is taken("") is None


def test_what_it_says_of_copies():
    assert statuses(SAID) == {
        "20261127-031700F": "invalid (checksum invalid: 1)",
        "20261127-031700F_20261127-031703D": "valid",
    }


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("[HostConnectError] unable to connect to '127.0.0.1:9': [111] Connection refused", Unreachable),
        ("[PathOpenError] unable to list file info for path '/kept/backup': [13] Permission denied", Unreachable),
        ("[ProtocolError] HTTP request failed with 403 (Forbidden):\n*** Path/Query ***:", Unreachable),
        ("", Unreachable),
        ("[CryptoError] unable to load info file '/kept/backup/77/backup.info':\nHINT: is or was it?", Damaged),
        ("[FormatError] invalid format in '/kept/backup/77/backup.info'", Damaged),
    ],
)
def test_what_cannot_be_reached_is_not_damaged(message, kind):
    error = unread(message)
    assert type(error) is kind
    assert "\n" not in error.message
    assert message.partition("\n")[0] in error.message


def test_the_passphrase_is_for_those_who_read_the_backups(tmp_path):
    pyrage = pytest.importorskip("pyrage")
    mine, other = (pyrage.x25519.Identity.generate() for _ in range(2))
    target = Target(str(tmp_path))
    one = Repository(destination_of(target), target, Owner("shop", "local", "db"), lambda: None)
    assert not one.sealed
    passphrase = new_passphrase()
    one.seal(passphrase, Recipients(("x",), [mine.to_public()]))
    assert one.sealed
    assert passphrase.reveal().encode() not in (tmp_path / one.key).read_bytes()
    assert one.passphrase([mine]).reveal() == passphrase.reveal()
    with pytest.raises(WrongKey):
        one.passphrase([other])
    assert one.systems() == ()


def full(id, label):
    part = Part(label, "repository", "", 1, 1, "")
    return Backup(id, "physical", Owner("shop", "local", "db"), "", "", "", "15", "77", 1, "0/1", "0/2", (), (part,))


def test_what_a_copy_depends_on_is_what_it_is_called_after():
    fulls = [full("b1", "20261127-031700F"), full("b2", "20261127-041700F")]
    assert parent_of("20261127-031700F_20261127-051703D", fulls) == "b1"
    assert parent_of("20261127-041700F_20261127-051703D", fulls) == "b2"
    assert parent_of("20261127-041700F", fulls) == ""
