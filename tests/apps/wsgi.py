"""The same application for gunicorn, standard library only: `gunicorn wsgi:app`. VERSION is what it calls itself."""

import os
import time
from urllib.parse import parse_qs

VERSION = os.environ.get("VERSION", "1")
REASONS = {200: "200 OK", 404: "404 Not Found", 500: "500 Internal Server Error"}


def app(environ, start_response):
    seconds = float(parse_qs(environ["QUERY_STRING"]).get("seconds", ["1"])[0])
    route = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
    if route == ("GET", "/stream"):
        start_response(REASONS[200], headers())  # without a length gunicorn sends it in chunks
        return ticks(seconds)
    status, body = answer(route, environ, seconds)
    start_response(REASONS[status], [*headers(), ("Content-Length", str(len(body)))])
    return [body]


def answer(route, environ, seconds):
    if route == ("GET", "/"):
        return 200, f"version {VERSION}\n".encode()
    if route == ("GET", "/health"):
        return 200, b"ok\n"
    if route == ("GET", "/slow"):
        time.sleep(seconds)
        return 200, f"slept {seconds:g} s\n".encode()
    if route == ("POST", "/echo"):
        return 200, environ["wsgi.input"].read()
    if route == ("GET", "/fail"):
        return 500, b"failed as asked\n"
    return 404, b"no such page\n"


def ticks(seconds):
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        yield b"tick\n"
        time.sleep(min(0.2, left))
    yield b"end\n"


def headers():
    return [("X-App", "yes"), ("X-Version", VERSION), ("X-Pid", str(os.getpid()))]
