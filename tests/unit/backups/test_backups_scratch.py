"""What is said of a server that ended."""

from fairlead.backups.scratch import Ground, copy_name, last_words, room


def test_the_reason_and_not_what_comes_after_it():
    said = (
        'FATAL:  lock file "postmaster.pid" already exists\nFATAL:  the database system is starting up\n'
        "LOG:  database system is shut down\n"
    )
    assert last_words(said) == 'FATAL:  lock file "postmaster.pid" already exists'
    failed = 'initdb: error: could not create directory "x": No space left on device\ninitdb: removing data directory\n'
    assert last_words(failed).startswith("initdb: error: could not create directory")
    assert last_words("one\ntwo\n\n") == "two"
    assert last_words("") == "it said nothing"


def test_what_a_killed_one_left_goes_with_the_next(tmp_path):
    """It is all of the data, opened, beside that of the live server."""
    left = tmp_path / copy_name("db")
    (left / "data").mkdir(parents=True)
    left.with_name(f"{left.name}.lock").touch()  # nobody holds it
    with room(Ground(tmp_path, {}), copy_name("db")) as first, room(Ground(tmp_path, {}), copy_name("db")) as second:
        assert {path for path in tmp_path.iterdir() if path.is_dir()} == {first, second}
    assert list(tmp_path.iterdir()) == []
