"""No file of this repository holds a secret, nor anything that the scan takes for one by mistake."""

from repository import ROOT

from fairlead.operations.secrets.scan import scan


def test_the_scan_finds_nothing_here():
    assert [str(leak) for leak in scan(ROOT, "files", (), None).leaks] == []
