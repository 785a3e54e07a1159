"""What names, versions, checksums and settings of files mean: Flyway's rules, number for number."""

import pytest

from fairlead.errors import ConfigurationError
from fairlead.postgres.checksum import fingerprint, flyway_checksum
from fairlead.postgres.files import Folder, read_files
from fairlead.postgres.names import read_name
from fairlead.postgres.rows import flyway_lock, java_hash, short_description, short_script
from fairlead.postgres.version import Version


def test_lines_end_as_in_java_and_their_ends_do_not_count():
    number = flyway_checksum("select 1;\nselect 2;")
    for same in ("select 1;\r\nselect 2;\r\n", "select 1;\rselect 2;\r", "\ufeffselect 1;\nselect 2;\n",
                 "\ufeffselect 1;\r\nselect 2;", "select 1;select 2;"):  # fmt: skip
        assert flyway_checksum(same) == number
    for other in ("select 1;\u2028select 2;", "select 1;\x85select 2;", "select 1;\x0bselect 2;",
                  "select 1;\x0cselect 2;", "select 1;\n\ufeffselect 2;"):  # fmt: skip
        assert flyway_checksum(other) != number
    assert flyway_checksum("") == 0
    assert -(1 << 31) <= flyway_checksum("create table a ()") < 1 << 31


def by_the_book(lines):
    """CRC-32 bit by bit, as ISO 3309 has it, over lines without their ends; signed, as Java has it."""
    rest = 0xFFFFFFFF
    for byte in "".join(lines).encode():
        rest ^= byte
        for _ in range(8):
            rest = (rest >> 1) ^ (0xEDB88320 if rest & 1 else 0)
    value = rest ^ 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def test_the_checksum_is_the_number_that_everybody_knows():
    """The check value of CRC-32 is that of `123456789`: 0xCBF43926."""
    assert flyway_checksum("1234\r\n56789\n") == by_the_book(["1234", "56789"]) == 0xCBF43926 - (1 << 32)
    lines = ["CREATE TABLE größe (x int);", "-- naïve ☃", ""]
    for end in ("\n", "\r", "\r\n"):
        assert flyway_checksum(end.join(lines)) == by_the_book(lines)


def test_the_fingerprint_sees_what_the_checksum_does_not():
    one, other = "-- note\nDROP TABLE t;", "-- noteDROP TABLE t;"
    assert flyway_checksum(one) == flyway_checksum(other)
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one.replace("\n", "\r\n"))


def test_versions_are_compared_number_by_number():
    written = ["1", "1.0.1", "1.9", "1.10", "2", "10", "20260101120000", "99999999999999999999"]
    assert sorted(map(Version, reversed(written))) == list(map(Version, written))
    for same in ("1", "1.0", "01", "1_0_0"):
        assert Version(same) == Version("1")
        assert hash(Version(same)) == hash(Version("1"))
    assert str(Version("01_2")) == "01.2"


@pytest.mark.parametrize("written", ["", "1.", ".1", "1..2", "a", "1a", "-1", "1 ", "١", "1" * 51])
def test_what_is_no_version(written):
    with pytest.raises(ValueError, match="is no version"):
        Version(written)


@pytest.mark.parametrize(
    ("name", "kind", "version", "description"),
    [
        ("V1__init.sql", "versioned", "1", "init"),
        ("V1_2__add_a__thing.sql", "versioned", "1.2", "add a  thing"),
        ("V1___x.SQL", "versioned", "1", " x"),
        ("U7__x.sql", "undo", "7", "x"),
        ("B3__x.sql", "baseline", "3", "x"),
        ("R__all_views.sql", "repeatable", None, "all views"),
        ("beforeMigrate.sql", "callback", None, ""),
        ("beforeEachMigrate__log_it.sql", "callback", None, "log it"),
    ],
)
def test_names(name, kind, version, description):
    found = read_name(name)
    assert (found.kind, found.version and str(found.version), found.description) == (kind, version, description)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("V2_users.sql", "perhaps V2__users.sql"),
        ("V__users.sql", "perhaps V1__what_it_does.sql"),
        ("v1__users.sql", "what is it"),
        ("R2__views.sql", "what runs again has no version; name it R__2.sql"),
        ("seed.sql", "what is it"),
        ("V1.x__a.sql", "no version before __"),
    ],
)
def test_a_name_that_flyway_would_pass_over_is_a_mistake(name, advice):
    with pytest.raises(ValueError, match=name.replace(".", r"\.")) as caught:
        read_name(name)
    assert advice in str(caught.value)


def test_the_lock_of_flyway():
    assert java_hash("") == 0
    assert java_hash("hello") == 99162322
    assert flyway_lock("public", "flyway_schema_history") == 77433833903597


def test_what_is_too_long_for_its_column():
    assert len(short_description("x" * 300)) == 200
    assert short_description("x" * 300).endswith("...")
    assert short_script("y" + "x" * 1000).startswith("...x")


@pytest.fixture
def folder(tmp_path):
    def write(**files):
        for name, text in files.items():
            path = tmp_path / "db" / (name if "." in name else f"{name}.sql")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Folder(tmp_path / "db", "db", tmp_path / "db" / "contract", "db/contract")

    return write


def found(folder):
    with pytest.raises(ConfigurationError) as caught:
        read_files(folder)
    return [str(one) for one in caught.value.findings]


def test_all_mistakes_of_a_folder_come_at_once(folder):
    there = folder(
        V1__a="", V01__b="", R__x="", **{"sub/R__x.sql": "", "V2_c.sql": "", "V3__d.sql": b"\xff",
        "V4__e.sql": "", "V4__e.sql.conf": "executeInTransaction=perhaps\nshouldExecute=false"},
    )  # fmt: skip
    assert found(there) == [
        "db/V2_c.sql:1:1: V2_c.sql: no version before __; perhaps V2__c.sql",
        "db/V3__d.sql:1:1: V3__d.sql: byte 1 is not utf-8; save it as UTF-8",
        "db/V4__e.sql.conf:1:1: executeInTransaction: expected true or false, not perhaps",
        "db/V1__a.sql:1:1: version 1 is that of db/V01__b.sql too; give it another one",
        'db/sub/R__x.sql:1:1: "x" is that of db/R__x.sql too; give it another one',
    ]


def test_no_folder(tmp_path):
    assert found(Folder(tmp_path / "none", "db/none")) == ["db/none:1:1: there is no such folder of migrations"]


def test_folders_below_are_read_and_the_contract_folder_apart(folder):
    files = read_files(folder(V2__b="", **{"2026/V1__a.sql": "", "contract/V3__c.sql": ""}))
    assert [(one.script, one.contract) for one in files.versioned] == [
        ("2026/V1__a.sql", False), ("V2__b.sql", False), ("contract/V3__c.sql", True),
    ]  # fmt: skip


def test_another_encoding(folder):
    files = read_files(folder(**{"V1__a.sql": "select 'ä'".encode("latin-1"), "V1__a.sql.conf": "encoding=ISO-8859-1"}))
    assert files.versioned[0].text == "select 'ä'"


def test_placeholders(folder):
    there = folder(V1__a="select '${Name} ${flyway:filename}' -- ${name}", V2__b="a\nb ${other}", V3__c="${open")
    files = read_files(there, {"NAME": "x"}, {"OTHER"})
    assert files.versioned[0].resolved == "select 'x V1__a.sql' -- x"
    with pytest.raises(ConfigurationError, match=r"^db/V2__b.sql:2:3: \$\{other\} is secret"):
        assert files.versioned[1].resolved
    with pytest.raises(ConfigurationError, match=r"^db/V3__c.sql:1:1: \$\{ is not closed"):
        assert files.versioned[2].resolved
