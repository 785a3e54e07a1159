"""What a user does, against the running system: `python smoke.py http://localhost:8080`. It makes users and alerts.

Nothing but Python's own library is needed.
"""

import base64
import json
import os
import socket
import sys
import time
import unittest
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

BASE = sys.argv.pop(1).rstrip("/") if len(sys.argv) > 1 else "http://localhost:8080"
PATIENCE = 60  # seconds


def opened(request):
    """Its answer, an error too. Who is asked to wait, as the edge does with too many requests a second, waits."""
    for pause in (1, 2, 4, 8, 16, 0):
        try:
            return urlopen(request, timeout=PATIENCE)
        except HTTPError as error:
            if error.code != 429 or not pause:
                return error
            time.sleep(pause)
    raise AssertionError


def ask(path, data=None, token=None):
    """Status, headers and what was said."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = None if data is None else json.dumps(data).encode()
    with opened(Request(BASE + path, body, headers)) as answer:
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text[:1] in (b"{", b"[") else text


class Listener:
    """A WebSocket of which only text is read."""

    def __init__(self, path):
        url = urlsplit(BASE)
        self.socket = socket.create_connection((url.hostname, url.port or 80), PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {url.netloc}", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", ""]  # fmt: skip
        self.socket.sendall("\r\n".join(lines).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def hear(self):
        """The next message."""
        first, length = self.file.read(2)
        if length == 126:
            length = int.from_bytes(self.file.read(2), "big")
        content = self.file.read(length)
        return json.loads(content) if first == 0x81 else self.hear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()


class Smoke(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mail, cls.password = f"{os.urandom(4).hex()}@example.com", os.urandom(8).hex()
        cls.ann, cls.bob = cls.signed_up(cls.mail), cls.signed_up(f"b-{cls.mail}")

    @classmethod
    def signed_up(cls, mail):
        status, _, said = ask("/auth/v1/signup", {"email": mail, "password": cls.password})
        assert status == 200, (status, said)
        return said

    def send(self, text, *people, after=0):
        data = {"recipients": [one["user"]["id"] for one in people], "text": text, "after": after}
        status, _, said = ask("/api/alerts", data, self.bob["access_token"])
        self.assertEqual(status, 201, said)
        return said["ids"]

    def test_the_api_is_live_and_ready(self):
        self.assertEqual(ask("/api/health/live")[2]["status"], "live")
        self.assertEqual(ask("/api/health/ready")[2]["status"], "ready")

    def test_who_signed_up_can_log_in(self):
        status, headers, said = ask(
            "/auth/v1/token?grant_type=password", {"email": self.mail, "password": self.password}
        )
        self.assertEqual((status, said["user"]["email"]), (200, self.mail))
        self.assertEqual(headers["Access-Control-Allow-Origin"], BASE)  # the gateway's

    def test_a_wrong_password_is_refused(self):
        self.assertEqual(ask("/auth/v1/token?grant_type=password", {"email": self.mail, "password": "no"})[0], 400)

    def test_an_alert_reaches_all_its_receivers(self):
        with (
            Listener(f"/ws?token={self.ann['access_token']}") as one,
            Listener(f"/ws?token={self.bob['access_token']}") as other,
        ):
            self.assertEqual((one.status, other.status), (101, 101))
            self.assertEqual(one.hear(), {"hello": self.ann["user"]["id"]})
            self.assertEqual(other.hear(), {"hello": self.bob["user"]["id"]})
            self.send("the dam breaks", self.ann, self.bob)
            self.assertEqual([one.hear()["text"], other.hear()["text"]], ["the dam breaks"] * 2)

    def test_an_alert_may_be_for_later(self):
        with Listener(f"/ws?token={self.ann['access_token']}") as one:
            one.hear()
            self.send("drill at noon", self.ann, after=1)
            self.assertEqual(one.hear()["text"], "drill at noon")

    def test_everybody_sees_their_own_alerts(self):
        (id,) = self.send("for Ann alone", self.ann)
        self.assertIn(
            str(id), [str(one["id"]) for one in ask("/api/alerts", token=self.ann["access_token"])[2]["alerts"]]
        )
        self.assertNotIn(
            str(id), [str(one["id"]) for one in ask("/api/alerts", token=self.bob["access_token"])[2]["alerts"]]
        )

    def test_the_gateway_leads_to_the_same_rows(self):
        (id,) = self.send("over the gateway", self.ann)
        status, headers, rows = ask("/rest/v1/alerts", token=self.ann["access_token"])
        self.assertEqual(
            (status, [one["text"] for one in rows if str(one["id"]) == str(id)]), (200, ["over the gateway"])
        )
        self.assertTrue(headers["X-Request-Id"])
        self.assertNotIn(str(id), [str(one["id"]) for one in ask("/rest/v1/alerts", token=self.bob["access_token"])[2]])

    def test_who_has_no_token_sees_nothing(self):
        self.assertEqual(ask("/rest/v1/alerts")[2], [])
        self.assertEqual(ask("/api/alerts")[0], 401)
        self.assertEqual(ask("/rest/v1/alerts", token="a.b.c")[0], 401)
        with Listener("/ws?token=a.b.c") as one:
            self.assertEqual(one.status, 401)

    def test_realtime_tells_of_new_rows(self):
        with Listener(f"/realtime/v1/websocket?apikey={self.ann['access_token']}") as one:
            self.assertEqual((one.status, one.hear()["event"]), (101, "system"))
            self.send("as it is written", self.ann)
            self.assertEqual(one.hear()["payload"]["record"]["text"], "as it is written")

    def test_what_the_gateway_does_not_know(self):
        self.assertEqual(ask("/rest/none-of-that-name")[0], 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
