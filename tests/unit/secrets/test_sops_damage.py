"""What was cut off, edited, moved or opened with the wrong key: a sentence with a next step, the file untouched."""

import ctypes
import re
import stat
import subprocess
import threading
from contextlib import contextmanager, suppress

import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.secrets.age_file import AgeFile
from fairlead.secrets.base import Unavailable
from fairlead.secrets.sops.document import parse
from fairlead.secrets.sops.file import changed, open_document
from fairlead.secrets.sops.recipients import created
from tests.unit.secrets.conftest import VECTORS

VALUES = {"ONE": "eins-9Zq8", "TWO": "zwei-9Zq8", "EMPTY": ""}


@pytest.fixture
def file(tmp_path, environ, me):
    found = AgeFile(tmp_path / "secrets" / "test.yaml", "test", environ)
    found.create([me], VALUES)
    return found


def swapped(text):
    one, two = (re.search(rf"^{name}: (.*)$", text, re.M)[1] for name in ("ONE", "TWO"))
    return text.replace(one, "-").replace(two, one).replace("-", two, 1)


def without(pattern):
    return lambda text: re.sub(pattern, "", text, flags=re.M)


DAMAGE = {
    "cut off in the values": (lambda text: text[:100], "no section `sops`|not readable"),
    "cut off in the section": (lambda text: text[: text.index("lastmodified")], "no mac"),
    "cut off in a line": (lambda text: text[: text.index("mac: ENC[") + 40], "no lastmodified|MAC cannot be read"),
    "empty": (lambda text: "", "empty"),
    "a value edited": (lambda text: text.replace("data:", "data:A", 1), "ONE cannot be read"),
    "a value in the open": (without(r"(?<=^ONE: ).*$"), "as it was written"),
    "a value written by hand": (lambda text: re.sub(r"^ONE: .*$", "ONE: by-hand", text, flags=re.M), "in the open"),
    "two values swapped": (swapped, "moved from another name"),
    "a line taken out": (without(r"^TWO: .*\n"), "not as it was written"),
    "a line added": (lambda text: 'NEW: ""\n' + text.replace('EMPTY: ""\n', ""), None),
    "a name changed": (lambda text: text.replace("ONE:", "UNO:"), "UNO cannot be read"),
    "the MAC edited": (lambda text: re.sub(r"(mac: ENC\[AES256_GCM,data:)..", r"\1AA", text), "MAC cannot be read"),
    "the time edited": (lambda text: re.sub(r'"20..-', '"1999-', text), "MAC cannot be read"),
    "a conflict left in": (lambda text: "<<<<<<< ours\n" + text, "conflict of a merge"),
    "no recipients": (without(r"^    age:\n(        .*\n)*"), "no recipient"),
    "the wrapped key edited": (lambda text: text.replace("YWdl", "YWdm", 1), "no key here opens"),
    "a recipient without its key": (without(r"          enc: \|\n(            .*\n)*"), "without its data key"),
    "a tab": (lambda text: "\t" + text, "not readable as YAML"),
    "a control character": (lambda text: text.replace("ONE", "O\x00E"), "character that YAML forbids"),
    "an alias": (lambda text: "A: &a x\nB: *a\n" + text, "alias"),
    "several documents": (lambda text: text + "---\nA: x\n", "several documents"),
    "a name twice": (lambda text: text.replace("TWO:", "ONE:"), "ONE twice"),
    "a list": (lambda text: "- x\n", "holds no names"),
    "too large": (lambda text: text + "#" * (1 << 20), "larger than 1 MB"),
    "nested without end": (lambda text: "a: " + "[" * 500 + text, "too deeply|not readable"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_said_and_nothing_is_written(file, damage, message):
    text = damage(file.path.read_text())
    file.path.write_text(text)
    if message is None:  # an empty value is not encrypted; under another name it is the same to the MAC, as in sops
        assert file.get(["NEW"])["NEW"].reveal() == ""
        return
    for act in (lambda: file.get(["ONE"]), lambda: file.set({"ONE": Secret("new-value-9Zq8")})):
        with pytest.raises(Unavailable, match=message) as caught:
            act()
        assert caught.value.hint
        assert not re.search("eins|zwei", caught.value.message + caught.value.hint)
    assert file.path.read_text() == text


def test_the_wrong_key_says_whose_would_do(file, tmp_path):
    other = pyrage.x25519.Identity.generate()
    file._environ = {"HOME": str(tmp_path), "SOPS_AGE_KEY": str(other)}
    with pytest.raises(Unavailable, match="no key here opens") as caught:
        file.get(["ONE"])
    assert f"recipients add test {other.to_public()}" in caught.value.hint


def test_no_key_says_where_it_looked(file, tmp_path):
    file._environ = {"HOME": str(tmp_path)}
    with pytest.raises(Unavailable, match="no key here opens") as caught:
        file.get(["ONE"])
    assert "sops/age/keys.txt" in caught.value.hint
    assert "fairlead secrets init" in caught.value.hint


@pytest.mark.parametrize("text", ["age1nonsense", "bob@example.com", "", "ssh-ed25519 nonsense", "AGE-SECRET-KEY-1ABC"])
def test_what_is_no_recipient_is_refused(file, text):
    before = file.path.read_text()
    with pytest.raises(Unavailable):
        file.give([text])
    assert file.path.read_text() == before


@pytest.mark.parametrize("name", ["sops", "PASSWORD_unencrypted"])
def test_a_name_that_would_stand_in_the_open_is_refused(file, name):
    before = file.path.read_text()
    with pytest.raises(Unavailable):
        file.set({name: Secret("value-9Zq8")})
    assert file.path.read_text() == before


def test_a_missing_file_says_how_to_make_it(tmp_path, environ):
    file = AgeFile(tmp_path / "secrets" / "test.yaml", "test", environ)
    for act in (file.names, lambda: file.get(["X"]), lambda: file.set({"X": Secret("x")}), file.recipients):
        with pytest.raises(Unavailable, match="there is no file") as caught:
            act()
        assert caught.value.hint == "make it: fairlead secrets init test"


def test_many_writers_lose_nothing(file, environ):
    def write(number):
        other = AgeFile(file.path, "test", environ)
        other.set({f"NAME_{number}": Secret(f"value-{number}-9Zq8")})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(file.names()) == {*VALUES, *(f"NAME_{number}" for number in range(6))}
    assert file.get(["NAME_3"])["NAME_3"].reveal() == "value-3-9Zq8"


def test_of_two_that_make_a_secret_one_does(file, environ):
    made = []

    def add(number):
        made.extend(AgeFile(file.path, "test", environ).add({"MADE": Secret(f"value-{number}-9Zq8")}))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["MADE"]


def test_a_full_disk_leaves_the_old_file(small_disk, environ, me):
    file = AgeFile(small_disk / "secrets" / "test.yaml", "test", environ)
    file.create([me], VALUES)
    before = file.path.read_text()
    with open(small_disk / "filler", "wb", buffering=0) as filler, suppress(OSError):
        while filler.write(b"x" * 4096):
            pass
    with pytest.raises(Unavailable, match=r"No space left.*unchanged") as caught:
        file.set({"ONE": Secret("another-9Zq8")})
    assert "free some space" in caught.value.hint
    assert file.path.read_text() == before
    assert [path.name for path in file.path.parent.iterdir()] == ["test.yaml"]


@contextmanager
def bound_by_modes():
    """Root too, for the block: without CAP_DAC_OVERRIDE modes of files count for it (capabilities(7))."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # the third version of the structure, this thread
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice, since there are over 32
    assert libc.capget(header, sets) == 0
    before, sets[0] = sets[0], sets[0] & ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, sets) == 0
    yield
    sets[0] = before
    assert libc.capset(header, sets) == 0


def test_a_folder_that_may_not_be_written_leaves_the_old_file(file):
    file.path.parent.chmod(0o500)
    with bound_by_modes(), pytest.raises(Unavailable, match="could not be written: Permission denied") as caught:
        file.set({"ONE": Secret("another-9Zq8")})
    assert caught.value.hint
    file.path.parent.chmod(0o700)
    assert file.get(["ONE"])["ONE"].reveal() == "eins-9Zq8"


def test_a_read_only_file_system_leaves_the_old_file(tmpfs, tmp_path, environ, me):
    folder = tmpfs(tmp_path / "disk", "1m")
    file = AgeFile(folder / "secrets" / "test.yaml", "test", environ)
    file.create([me], VALUES)
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    with pytest.raises(Unavailable, match=r"test\.yaml: could not be written: Read-only.*unchanged") as caught:
        file.set({"ONE": Secret("another-9Zq8")})
    assert caught.value.hint
    assert file.get(["ONE"])["ONE"].reveal() == "eins-9Zq8"


def test_the_mode_of_the_file_stays(file):
    file.path.chmod(0o640)
    file.set({"ONE": Secret("another-9Zq8")})
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640


KEY = pyrage.x25519.Identity.from_str((VECTORS / "keys.txt").read_text().splitlines()[1])
TEXTS = [(VECTORS / f"{name}.yaml").read_text() for name in ("nested", "by_expression", "mac_only_encrypted", "flat")]
PIECES = ["\n", ": ", "- ", "ENC[", "]", "{", "&a ", "#", '"']
LITTLE = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def explained(text):
    """What the text holds, or None after a FairleadError that says why not. Anything else fails the test."""
    try:
        opened = open_document(parse(text, "x.yaml"), [KEY], "no key")
        return opened if opened.values is not None else None
    except FairleadError as error:
        assert error.message
        return None


@LITTLE
@given(some.text(max_size=300))
def test_any_text_is_explained(text):
    explained(text)


@LITTLE
@given(some.sampled_from(TEXTS), some.data())
def test_any_change_of_a_file_is_explained_or_harmless(text, data):
    """Letters anywhere replaced, taken out or put in: never a traceback, never another value of an encrypted one."""
    before = explained(text)
    at = data.draw(some.integers(0, len(text) - 1))
    upto = data.draw(some.integers(at, min(len(text), at + 40)))
    instead = data.draw(some.one_of(some.text(max_size=5), some.sampled_from(PIECES)))
    after = explained(text[:at] + instead + text[upto:])
    for name, plain in (after.plain if after else {}).items():
        assert not plain.data or plain == before.plain[name]


@LITTLE
@given(some.dictionaries(some.from_regex(r"[A-Z][A-Z0-9_]{0,12}", fullmatch=True), some.text(max_size=40), max_size=5))
def test_what_is_written_is_read_again(values):
    text = created(values, [str(KEY.to_public())], "x.yaml")
    opened = explained(text)
    assert opened.values == values
    again = changed(opened, {"ADDED": "x", **dict.fromkeys(values)})
    assert explained(again).values == {"ADDED": "x"}
