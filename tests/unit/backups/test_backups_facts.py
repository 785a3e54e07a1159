"""What is in a database, compared, and the statements that make one."""

import pytest

from fairlead.backups.facts import creating, differences

HAD = {
    "owner": "shop", "encoding": "UTF8", "collate": "C.UTF-8", "ctype": "C.UTF-8", "limit": -1,
    "rights": [["shop", "CONNECT", False], ["", "TEMPORARY", False], ['we"ird', "CREATE", True]],
    "settings": [["", "statement_timeout=77s"], ["clerk", "search_path=a, b"],
                 ["", 'search_path="$user", "o""d,d", x;y'], ["", 'search_path=""']],
}  # fmt: skip


def test_a_database_is_made_with_its_rights_and_settings():
    assert creating("new", HAD, 140012) == [
        "CREATE DATABASE \"new\" TEMPLATE template0 OWNER \"shop\" ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' "
        "LC_CTYPE 'C.UTF-8' CONNECTION LIMIT -1",
        'REVOKE ALL ON DATABASE "new" FROM PUBLIC, "shop"',
        'GRANT CONNECT ON DATABASE "new" TO "shop"',
        'GRANT TEMPORARY ON DATABASE "new" TO PUBLIC',
        'GRANT CREATE ON DATABASE "new" TO "we""ird" WITH GRANT OPTION',
        'ALTER DATABASE "new" SET "statement_timeout" TO \'77s\'',
        """ALTER ROLE "clerk" IN DATABASE "new" SET "search_path" TO 'a', 'b'""",
        """ALTER DATABASE "new" SET "search_path" TO '$user', 'o"d,d', 'x;y'""",
        """ALTER DATABASE "new" SET "search_path" TO ''""",
    ]


def test_differences_are_in_words():
    before = {"rows": {"public.a": 3, "public.b": 1}, "sequences": {"public.s": 9}}
    assert differences(before, before) == []
    assert differences(before, {"rows": {"public.a": 2}, "sequences": {"public.s": 9}}) == [
        "rows of public.a: 2, in the backup 3",
        "rows of public.b: none, in the backup 1",
    ]


def test_what_no_snapshot_holds_and_what_a_server_brings_are_no_difference():
    before = {"sequences": {"public.s": 9}, "extensions": {"hstore": "1.7"}}
    after = {"sequences": {"public.s": 9, "public.moved": 4}, "extensions": {"hstore": "1.8"}}
    assert differences(before, after) == []
    counted = {"objects": {"relations": 2}}  # by a version that counted less
    assert differences(counted, {"objects": {"relations": 2, "large objects": 1}}) == []
    assert differences({"objects": {"large objects": 2}}, {"objects": {"large objects": 1}}) == [
        "number of large objects: 1, in the backup 2"
    ]
    assert differences(before, {"sequences": {}, "extensions": {}}) == [
        "extension hstore: none, in the backup there",
        "sequence public.s: none, in the backup 9",
    ]


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ('"$user", public', "'$user', 'public'"), ('""', "''"), ('"a, ""b"", c", d', "'a, \"b\", c', 'd'"),
        ("\"it's\"", "'it''s'"), ("a; DROP TABLE t", "'a;', 'DROP', 'TABLE', 't'"),
    ],
)  # fmt: skip
def test_each_item_of_a_list_is_a_literal(stored, written):
    had = HAD | {"rights": [], "settings": [["", f"search_path={stored}"]]}
    assert creating("new", had, 160004)[-1] == f'ALTER DATABASE "new" SET "search_path" TO {written}'
