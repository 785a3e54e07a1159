"""The plan of roles, without a server: what differs makes a statement, what is right makes none."""

import hashlib
from dataclasses import replace

from fairlead.masking import Secret
from fairlead.postgres.roles.facts import Facts, Policy, RoleFacts, Thing
from fairlead.postgres.roles.plan import plan
from fairlead.postgres.roles.rows import right
from fairlead.postgres.roles.wanted import wanted
from fairlead.project.database_roles import phrase_of, side_of, turned
from fairlead.project.stack_rights import Rights, RowSecurity, User
from fairlead.render.scram import verifier

RIGHTS = Rights("shop", (User("web", "rw", 5),), (RowSecurity("orders", "true", ("web",)),), ("history",))
WANTED = wanted(RIGHTS, {"web": Secret("w-1")}, Secret("m-1"))
NOTHING = Facts("postgres", True, 150000, {}, frozenset(), {}, {}, ())


def sql(one, facts):
    return [statement.sql for statement in plan(one, facts)]


def test_an_empty_server_gets_all_of_it():
    said = sql(WANTED, NOTHING)
    assert 'CREATE ROLE "shop_owner" NOLOGIN INHERIT CONNECTION LIMIT -1' in said
    assert 'CREATE ROLE "shop_web_a" LOGIN INHERIT CONNECTION LIMIT 5' in said
    assert 'CREATE ROLE "shop_web_b" NOLOGIN INHERIT CONNECTION LIMIT 5' in said
    assert 'GRANT "shop_web" TO "shop_web_a"' in said
    assert 'ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC' in said
    assert not any("w-1" in one or "m-1" in one for one in said)


def test_a_role_that_is_right_is_left_alone_and_one_that_is_not_is_mended():
    roles = {
        "shop_web_a": RoleFacts("shop_web_a", True, 5, (), verifier(Secret("w-1"))),
        "shop_web_b": RoleFacts("shop_web_b", True, 5, ("SUPERUSER", "BYPASSRLS"), "md5abc"),
    }
    said = [
        one for one in sql(WANTED, replace(NOTHING, roles=roles)) if "shop_web_" in one and "IN DATABASE" not in one
    ]
    assert said == [
        'ALTER ROLE "shop_web_b" NOSUPERUSER NOBYPASSRLS',
        'ALTER ROLE "shop_web_b" NOLOGIN',
        'ALTER ROLE "shop_web_b" PASSWORD NULL',
        'GRANT "shop_web" TO "shop_web_a"',
        'GRANT "shop_web" TO "shop_web_b"',
    ]


def test_what_is_being_rotated_keeps_its_logins():
    turning = wanted(RIGHTS, {"web": Secret("b:w-2")}, Secret("m-1"), rotating=frozenset({"web"}))
    roles = {
        f"shop_web_{side}": RoleFacts(f"shop_web_{side}", True, 5, (), verifier(Secret(f"old-{side}"))) for side in "ab"
    }
    said = sql(turning, replace(NOTHING, roles=roles))
    assert not any(("PASSWORD" in one or "LOGIN" in one) and "shop_web_" in one for one in said)


def test_a_login_that_a_release_may_still_use_rests_only_when_it_is_said():
    roles = {f"shop_web_{side}": RoleFacts(f"shop_web_{side}", True, 5, (), verifier(Secret("w-1"))) for side in "ab"}
    going_on = wanted(RIGHTS, {"web": Secret("w-1")}, Secret("m-1"), retire=False)
    said = sql(going_on, replace(NOTHING, roles=roles))
    assert not any(("PASSWORD" in one or "LOGIN" in one) and "shop_web_" in one for one in said)
    assert 'ALTER ROLE "shop_web_b" NOLOGIN' in sql(WANTED, replace(NOTHING, roles=roles))
    made = sql(going_on, NOTHING)
    assert 'CREATE ROLE "shop_web_a" LOGIN INHERIT CONNECTION LIMIT 5' in made
    assert 'CREATE ROLE "shop_web_b" NOLOGIN INHERIT CONNECTION LIMIT 5' in made


def test_who_owned_everything_before_is_an_owner_only_while_it_may_log_in():
    going_on = replace(WANTED, legacy="shop", retire=False)
    for login in (True, False):
        said = sql(going_on, replace(NOTHING, roles={"shop": RoleFacts("shop", login)}))
        assert ('GRANT "shop_owner" TO "shop"' in said) is login


def test_a_setting_is_named_as_it_stands():
    facts = replace(NOTHING, settings={("shop_owner", "app.x; DROP TABLE y"): "1"})
    assert 'ALTER ROLE "shop_owner" IN DATABASE "shop" RESET "app.x; DROP TABLE y"' in sql(WANTED, facts)


def test_a_thing_has_its_owner_and_the_groups_their_rights():
    table = Thing("TABLE", "public.notes", "joe", "notes", frozenset({("PUBLIC", "SELECT")}), "r")
    history = Thing("TABLE", "public.history", "shop_owner", "history", frozenset({("shop_rw", "SELECT")}), "r")
    said = [one for one in sql(WANTED, replace(NOTHING, things=(table, history))) if "public." in one]
    assert said == [
        'ALTER TABLE public.notes OWNER TO "shop_owner"',
        "REVOKE SELECT ON TABLE public.notes FROM PUBLIC",
        'GRANT SELECT ON TABLE public.notes TO "shop_ro"',
        'GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.notes TO "shop_rw"',
        'REVOKE SELECT ON TABLE public.history FROM "shop_rw"',
    ]


def test_only_the_declared_policy_as_it_was_made_is_right():
    row = RIGHTS.rows[0]
    note = "fairlead " + " ".join(hashlib.md5(text).hexdigest() for text in (b"true", b"truetrue"))
    made = Policy("public.orders", "fairlead", frozenset({"shop_web"}), "true", "true", note)
    assert right(row, made, WANTED)
    for wrong in (replace(made, name="x"), replace(made, roles=frozenset({"PUBLIC"})), replace(made, using="false"),
                  replace(made, note=""), replace(made, permissive=False), replace(made, command="r")):  # fmt: skip
        assert not right(row, wrong, WANTED)


def test_a_password_says_whose_role_it_is():
    first = Secret("abc")
    assert (side_of(first), phrase_of(first).reveal()) == ("a", "abc")
    second = turned(first, Secret("def"))
    assert (second.reveal(), side_of(second), phrase_of(second).reveal()) == ("b:def", "b", "def")
    assert turned(second, Secret("ghi")).reveal() == "a:ghi"
    assert turned(second, Secret("b:ghi")).reveal() == "a:ghi"


def test_what_an_older_server_does_not_know_is_not_said_to_it():
    bounded = wanted(replace(RIGHTS, users=(User("web", "rw", 5, transaction_timeout=900),)), {"web": Secret("w-1")},
                     Secret("m-1"))  # fmt: skip

    def told(version):
        return [one for one in sql(bounded, replace(NOTHING, version=version)) if "transaction_timeout" in one]

    assert told(160000) == []
    assert told(170000) == [
        f'ALTER ROLE "shop_web_{side}" IN DATABASE "shop" SET transaction_timeout = \'900000ms\'' for side in "ab"
    ]
