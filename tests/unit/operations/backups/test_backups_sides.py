"""Where the folders of a volume are."""

from pathlib import Path

from fairlead.operations.backups.spots import side_of


def test_what_is_put_aside_lies_beside_a_folder(tmp_path):
    (tmp_path / "uploads").mkdir()
    assert side_of(tmp_path / "uploads") == f"{tmp_path}/uploads.fairlead"
    assert side_of(tmp_path / "none") == f"{tmp_path}/none.fairlead"


def test_but_within_one_that_is_a_file_system_by_itself(tmp_path):
    """Names change within one file system alone; a link to one is one."""
    assert side_of(Path("/proc")) == "/proc/.fairlead"
    (tmp_path / "link").symlink_to("/proc")
    assert side_of(tmp_path / "link") == f"{tmp_path}/link/.fairlead"
