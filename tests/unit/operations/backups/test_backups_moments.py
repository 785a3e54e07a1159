"""Names that tell one restore from the next."""

import re
from datetime import UTC, datetime

from fairlead.operations.backups.arrangement import LEFT
from fairlead.operations.backups.moments import moment


def test_it_is_now():
    before = datetime.now(UTC).replace(microsecond=0)
    told = datetime.strptime(moment(()), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    assert before <= told <= datetime.now(UTC)


def test_two_within_one_second_have_names_of_their_own():
    names = ["before-20001231T235959"]
    for _ in range(3):
        names.append(f"before-{moment(names)}")
    assert len(set(names)) == 4
    assert all(re.fullmatch(r"before-\d{8}T\d{6}", name) for name in names)


def test_a_database_has_a_name_that_is_known_as_left():
    assert LEFT.fullmatch(f"shop_before_{moment(['shop_before_20001231T235959'])}")
