"""What is said of a server that ended."""

from fairlead.backups.scratch import last_words


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
