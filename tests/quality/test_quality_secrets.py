"""No file of this repository holds a secret, nor anything that the scan takes for one by mistake."""

from repository import committed, shown

from fairlead.secrets.scan.patterns import Patterns
from fairlead.secrets.scan.scanner import Scanner


def test_the_scan_finds_nothing_here():
    scanner = Scanner([], Patterns())
    assert [str(leak) for file in committed() for leak in scanner.scan(shown(file), file.read_bytes())] == []
