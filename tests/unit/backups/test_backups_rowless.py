"""Nothing of the rows that are restored is in what is said of a restore that failed."""

import pytest

from fairlead.backups.server import rowless

UNIQUE = """\
the thing: pg_restore: error: could not execute query: ERROR:  could not create unique index "one"
  DETAIL:  Key (email)=(marker@example.com) is duplicated.
  Command was: ALTER TABLE ONLY public.people ADD CONSTRAINT one UNIQUE (email);"""
COPY = """\
the thing: pg_restore: error: COPY failed for table "people": ERROR:  invalid input syntax for type integer: "marker" x"
  CONTEXT:  COPY people, line 7, column n: "marker
  marker"
"""
RANGE = 'the thing: pg_restore: error: COPY failed for table "people": ERROR:  value "marker" is out of range'


@pytest.mark.parametrize("said", [UNIQUE, COPY, RANGE, "the thing: marker\n  marker"])
def test_no_row_is_said(said):
    assert "marker" not in rowless(said, "the thing", "pg_restore")


def test_what_failed_is(said=COPY):
    failed = 'pg_restore: error: COPY failed for table "people": ERROR:  invalid input syntax for type integer'
    assert rowless(said, "the thing", "pg_restore") == failed
    assert "unique index" in rowless(UNIQUE, "the thing", "pg_restore")
    assert (
        rowless("the thing: exited with 1", "the thing", "pg_restore")
        == "it failed, and the log of the server says why"
    )
