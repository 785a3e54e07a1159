"""What of connections looks like a leak."""

from fairlead.operations.sessions.connections import FULL, HELD, LONG, findings
from fairlead.postgres.activity import Sessions


def of(total=2, held=0.0, unused=0.0, limit=10):
    return Sessions("shop", "shop_web_a", total, 0, total - 1, 1, 0, 0.0, held, unused, limit)


def test_what_is_as_it_should_be_is_not_told():
    assert list(findings([of(), of(held=HELD, unused=LONG + 1)], 100)) == []


def test_a_transaction_that_stands_open():
    (found,) = findings([of(held=HELD + 1)], 100)
    assert found.startswith("shop_web_a in shop: a connection has stood idle in a transaction for 61 s, 1 of 2 do")


def test_connections_that_are_not_given_back_and_such_as_are_used():
    nearly = round(10 * FULL)
    assert list(findings([of(total=nearly)], 100)) == ["shop_web_a in shop: 8 of 10 connections"]
    (found,) = findings([of(total=nearly, unused=LONG + 1)], 100)
    assert "8 of 10 connections, and one of them was not used for 601 s: is each given back?" in found


def test_a_server_that_is_nearly_full():
    assert list(findings([of(total=8, limit=None)], 10)) == ["8 of 10 connections of the server are in use"]
