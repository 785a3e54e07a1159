"""Addresses: what is understood as one, and that none is ever shown."""

import subprocess
import sys
import time

import pytest

from fairlead.errors import FairleadError
from fairlead.masking import Secret, masked
from fairlead.operations.checks import notify
from fairlead.operations.notify.address import Receiver, apprise_url, unlinked, wanted
from fairlead.project.stack import Notify, Stack
from fairlead.system.home import Place
from fairlead.system.limit import Expired, time_limit

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


def of(to, value):
    return Receiver(to, "ADDRESS", ("failed",), Secret(value) if value else None)


@pytest.mark.parametrize(
    ("to", "value", "plugin"),
    [
        ("slack", SLACK, "NotifySlack"),
        ("slack", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops", "NotifySlack"),
        ("discord", "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "NotifyDiscord"),
        ("e-mail", "mailtos://user:pass@mail.example.com?to=ops@example.com", "NotifyEmail"),
        ("pagerduty", f"pagerduty://{'a' * 32}@{'b' * 32}", "NotifyPagerDuty"),
        ("telegram", "tgram://123456789:abcdefg_hijklmnop/12315544", "NotifyTelegram"),
        ("webhook", "https://example.com/hook?token=1", "NotifyJSON"),
        ("webhook", "forms://example.com/hook", "NotifyForm"),
    ],
)
def test_apprise_takes_it_for_what_it_is(to, value, plugin):
    import apprise  # noqa: PLC0415 - a tenth of a second, wherever tests are collected

    assert type(apprise.Apprise.instantiate(apprise_url(of(to, value)))).__name__ == plugin


def test_a_webhook_is_asked_as_it_is_written():
    address = "https://u:p@example.com:8443/a/b/?token=x%20y&empty="
    assert apprise_url(of("webhook", address)) == "jsons://u:p@example.com:8443/a/b/?-token=x+y&-empty="


@pytest.mark.parametrize(
    ("to", "value"),
    [("slack", "xoxb-token-alone"), ("slack", "mailto://a:b@example.com"), ("e-mail", SLACK),
     ("telegram", "https://example.com"), ("webhook", "example.com/s3cret"), ("webhook", "https://a b/s3cret")],
)  # fmt: skip
def test_what_is_none_is_said_without_showing_it(to, value):
    with pytest.raises(FairleadError) as caught:
        apprise_url(of(to, value))
    assert caught.value.message == f"what ADDRESS holds is no address that {to} takes"
    assert value not in f"{caught.value.message}{caught.value.hint}"
    assert value not in repr(of(to, value))


def test_no_part_of_an_address_is_left_in_a_text():
    # pragma: allowlist nextline secret
    address = Secret("jsons://ada:pa%20ss@hooks.example.com/T1JJ3T3L2/s3cret?sig=abcdef")
    text = f"{address.reveal()}: /T1JJ3T3L2/s3cret?sig=abcdef refused by hooks.example.com for 'pa ss'"
    left = unlinked(text, address)
    assert not any(part in left for part in ("T1JJ", "s3cret", "abcdef", "hooks", "pa%20ss", "pa ss"))
    assert left.endswith("for '********'")


def test_what_looks_like_a_secret_is_masked():
    # pragma: allowlist nextline secret
    text = "postgres://app:hunter22@db/shop API_KEY=abcd1234 Authorization: Bearer abcdefgh.ijk exit code 3"
    assert masked(text) == "postgres://app:********@db/shop API_KEY=******** Authorization: Bearer ******** exit code 3"
    assert masked("value long-value", ("value", "long-value")) == "******** ********"


def test_named_twice_it_is_one_receiver():
    named = (Notify("slack", "A", ("failed",)), Notify("slack", "A", ("started", "failed")), Notify("slack", "B", ()))
    one, two = wanted(named, {"A": f" {SLACK}\n"})
    assert one.on == ("failed", "started")
    assert one.address == Secret(SLACK)
    assert two.address is None


def test_the_doctor_says_what_to_set(tmp_path, monkeypatch):
    monkeypatch.setenv("BAD", "s3cret")
    monkeypatch.setenv("GOOD", SLACK)
    stack = Stack(
        "shop", "production", notify=tuple(Notify("slack", name, ("failed",)) for name in ("NO", "BAD", "GOOD"))
    )
    none, bad, good = notify.examine(stack, Place(tmp_path / "shop" / "production"))
    assert (none.result, none.text) == ("warning", "NO is not set: slack is not told of failed")
    assert none.hint == "set it where you deploy: NO=https://hooks.slack.com/services/…"
    assert (bad.result, bad.hint) == ("warning", "it looks like https://hooks.slack.com/services/…")
    assert "s3cret" not in bad.text
    assert (good.result, good.text) == ("ok", "slack (GOOD) is told of failed")
    assert not list(notify.examine(Stack("shop", "production"), Place(tmp_path)))


def test_a_time_limit_ends_what_takes_every_error_for_its_own():
    def stubborn():
        while True:
            try:
                time.sleep(60)
            except Exception:  # noqa: BLE001
                continue

    with pytest.raises(Expired), time_limit(0.1):
        stubborn()


def test_the_keeper_itself_loads_nothing_that_sends():
    code = "import sys, fairlead.server.keeper; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"apprise", "requests", "tenacity", "sqlite3", "pydantic"} & set(loaded)
