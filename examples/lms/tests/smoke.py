"""What a user sees, of the running system: `python smoke.py http://localhost:8080`.

Nothing but Python's own library is needed.
"""

import json
import sys
import time
import unittest
from urllib.error import HTTPError
from urllib.request import urlopen

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


def ask(path):
    """Status and body."""
    with opened(BASE + path) as answer:
        return answer.status, answer.read().decode()


class Smoke(unittest.TestCase):
    def test_the_page_shows_the_courses(self):
        status, body = ask("/")
        self.assertEqual(status, 200)
        self.assertIn("<li>Sailing</li><li>Knots</li>", body)

    def test_courses_come_from_the_database(self):
        status, body = ask("/api/courses")
        self.assertEqual(status, 200)
        self.assertEqual([one["title"] for one in json.loads(body)["courses"]], ["Sailing", "Knots"])

    def test_looks_are_counted_in_redis(self):
        before, after = (json.loads(ask("/api/courses")[1])["seen"] for _ in range(2))
        self.assertGreater(after, before)

    def test_the_api_is_live_and_ready(self):
        self.assertEqual(json.loads(ask("/api/health/live")[1])["status"], "live")
        self.assertEqual(json.loads(ask("/api/health/ready")[1])["status"], "ready")

    def test_what_the_api_does_not_know(self):
        self.assertEqual(ask("/api/none-of-that-name")[0], 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
