"""What a user does, against the running system: `python smoke.py http://localhost:8080`. It adds a document.

Nothing but Python's own library is needed.
"""

import base64
import json
import os
import sys
import time
import unittest
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

BASE = sys.argv.pop(1).rstrip("/") if len(sys.argv) > 1 else "http://localhost:8080"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
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


def ask(path, body=None, headers=None):
    """Status, headers and body."""
    with opened(Request(BASE + path, body, headers or {})) as answer:
        return answer.status, answer.headers, answer.read()


def upload(name, content):
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n\r\n' % name.encode()
    return ask("/api/documents", form + content + b"\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"})


class Smoke(unittest.TestCase):
    def test_the_page(self):
        status, headers, body = ask("/")
        self.assertEqual((status, b"<h1>Practice</h1>" in body), (200, True))
        self.assertEqual(headers["X-Frame-Options"], "DENY")
        self.assertEqual(headers["Content-Security-Policy"], "default-src 'self'")

    def test_an_address_inside_the_application_gets_the_page_too(self):
        self.assertIn(b"<h1>Practice</h1>", ask("/patients/7", headers={"Accept": "text/html"})[2])

    def test_what_the_page_needs(self):
        self.assertEqual(ask("/assets/app-4f1c.css")[0], 200)
        self.assertEqual(ask("/assets/app-4f1c.js")[0], 200)

    def test_it_is_live_and_ready(self):
        self.assertEqual(json.loads(ask("/api/health/live")[2])["status"], "live")
        self.assertEqual(json.loads(ask("/api/health/ready")[2])["status"], "ready")

    def test_a_document_is_scanned_put_away_and_indexed(self):
        name, content = f"letter-{os.urandom(4).hex()}.txt", os.urandom(100_000)
        status, _, body = upload(name, content)
        self.assertEqual((status, json.loads(body)), (201, {"name": name, "size": len(content)}))
        self.assertEqual(ask(f"/api/documents/{name}")[2], content)
        until = time.monotonic() + PATIENCE
        while not (found := listed(name))["indexed"] and time.monotonic() < until:
            time.sleep(0.5)
        self.assertEqual(found, {"name": name, "size": len(content), "indexed": True})

    def test_a_virus_is_refused(self):
        status, _, body = upload("invoice.exe", EICAR)
        self.assertEqual((status, b"Eicar" in body), (422, True), body)
        self.assertEqual(ask("/api/documents/invoice.exe")[0], 404)

    def test_an_unknown_document(self):
        self.assertEqual(ask("/api/documents/none-of-that-name")[0], 404)

    def test_a_websocket_is_opened(self):
        key = base64.b64encode(os.urandom(16)).decode()
        headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        self.assertEqual(upgrade("/ws", headers | {"Sec-WebSocket-Key": key}), 101)


def listed(name):
    return next(one for one in json.loads(ask("/api/documents")[2]) if one["name"] == name)


def upgrade(path, headers):
    """The status of the answer; urlopen would ask for an end of the connection."""
    connection = HTTPConnection(urlsplit(BASE).netloc, timeout=PATIENCE)
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


if __name__ == "__main__":
    unittest.main(verbosity=2)
