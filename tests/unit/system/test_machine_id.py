"""The number of a home, and of the machine that it is on."""

from concurrent.futures import ThreadPoolExecutor

from fairlead.system import machine_id
from fairlead.system.machine_id import this_machine


def test_it_is_drawn_once(tmp_path):
    home = tmp_path / "new" / "home"
    with ThreadPoolExecutor(8) as several:
        found = set(several.map(lambda _: this_machine(home).home, range(32)))
    assert len(found) == 1
    assert len(found.pop()) == 32
    assert [path.name for path in home.iterdir()] == ["home.id"]
    assert this_machine(tmp_path).home != this_machine(home).home


def test_what_the_system_says_of_itself_is_told_to_nobody(tmp_path, monkeypatch):
    said = tmp_path / "machine-id"
    said.write_text("0123456789abcdef\n")
    monkeypatch.setattr(machine_id, "SYSTEM", (tmp_path / "none", said))
    monkeypatch.setattr(machine_id, "BOARD", ())
    one = this_machine(tmp_path)
    assert "0123456789abcdef" not in repr(one)
    assert one.system
    assert one.board == ""
    said.write_text("fedcba9876543210\n")
    assert not one.same(this_machine(tmp_path))
