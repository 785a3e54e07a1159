"""What `asgi.py` answers, without a server below it: up in a tenth of the time, and a tenth of the work for a request.

For tests in which the server is not the point: `lean.py ADDRESS PORT`. It can be told to misbehave in the same ways,
but for FAIL_AFTER. At SIGTERM it takes no more connections, answers what was asked, closes WebSockets with 1012, and
ends. A connection that is kept alive is the other side's to close. With TALK=1 it says what it was asked.

`lean.py ADDRESS PORT MODULE` serves another application: `MODULE.answer(path, query)` says status and body.
"""

import heapq
import itertools
import os
import selectors
import signal
import socket
import sys
import time

VERSION = os.environ.get("VERSION", "1")
FAIL_SHARE = int(os.environ.get("FAIL_SHARE", "0"))
FAIL_WHILE = os.environ.get("FAIL_WHILE", "")
UPSTREAM_DOWN = os.environ.get("UPSTREAM_DOWN", "")
SLOWER = float(os.environ.get("SLOWER", "0"))
GROW = int(os.environ.get("GROW", "0"))
TALK = os.environ.get("TALK") == "1"
LIMIT = 200  # megabytes
HEADERS = f"X-App: yes\r\nX-Version: {VERSION}\r\nX-Pid: {os.getpid()}\r\n"
REASONS = {200: "OK", 401: "Unauthorized", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A

requests = itertools.count(1)  # for /
deaths = iter(filter(None, [os.environ.get("DIE_AFTER_HEALTHY")]))


class Server:
    """One thread, one selector; what comes later lies in a heap."""

    def __init__(self, address, port, handler):
        self.selector, self.clients, self.handler = selectors.DefaultSelector(), set(), handler
        self.timers, self.numbers = [], itertools.count()
        self.stopping = False
        self.listener = socket.create_server((address, port), backlog=2048)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.woken, wake = socket.socketpair()
        wake.setblocking(False)
        self.wake = wake
        self.selector.register(self.woken, selectors.EVENT_READ, self.stop)
        if GROW:
            self.grow([])
        signal.set_wakeup_fd(wake.fileno())
        signal.signal(signal.SIGTERM, lambda *_: None)
        if os.environ.get("IGNORE_SIGTERM") == "1":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def later(self, seconds, act):
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.numbers), act))

    def grow(self, kept):
        """A leak, with the end that the kernel gives it: SIGKILL."""
        kept.append(b"x" * (GROW * 200_000))
        if sum(map(len, kept)) > LIMIT << 20:
            os.kill(os.getpid(), signal.SIGKILL)
        self.later(0.2, lambda: self.grow(kept))

    def run(self):
        while not self.stopping or self.clients:
            wait = max(0, self.timers[0][0] - time.monotonic()) if self.timers else None
            for key, events in self.selector.select(wait):
                key.data(events)
            while self.timers and self.timers[0][0] <= time.monotonic():
                heapq.heappop(self.timers)[2]()

    def accept(self, _events):
        try:
            self.clients.add(Client(self, self.listener.accept()[0]))
        except OSError:  # who wanted to come in has gone
            pass

    def stop(self, _events):
        self.woken.recv(64)
        if self.stopping:
            return
        self.stopping = True
        self.selector.unregister(self.listener)
        self.listener.close()
        for client in list(self.clients):
            client.good_bye()


class Client:
    """One connection: a request at a time, or a WebSocket."""

    def __init__(self, server, connection):
        self.server, self.connection = server, connection
        self.given, self.unsent = b"", b""
        self.busy, self.last, self.is_websocket = False, False, False
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.selector.register(connection, selectors.EVENT_READ, self.act)

    def act(self, events):
        if events & selectors.EVENT_WRITE:
            self.flush()
        if events & selectors.EVENT_READ and self.connection.fileno() >= 0:
            self.read()

    def read(self):
        try:
            data = self.connection.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self.given += data
        self.go_on()

    def go_on(self):
        """Take what has come whole."""
        while not self.busy and self.connection.fileno() >= 0 and (self.frame if self.is_websocket else self.request)():
            pass

    def request(self):
        """Whether there was one; it is being answered now."""
        head, whole, rest = self.given.partition(b"\r\n\r\n")
        if not whole:
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(fields.get("content-length", 0))
        if len(rest) < length:
            return False
        body, self.given = rest[:length], rest[length:]
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        self.busy, self.last = True, fields.get("connection", "").lower() == "close"
        if TALK:
            print(method, target, flush=True)
        self.server.handler(method, path)(self, body, query, fields)
        return True

    def answer(self, status, body):
        self.head(status, f"Content-Length: {len(body)}\r\n")
        self.send(body)
        self.done()

    def head(self, status, more):
        last = "Connection: close\r\n" if self.last or self.server.stopping else ""
        self.send(f"HTTP/1.1 {status} {REASONS[status]}\r\n{HEADERS}{more}{last}\r\n".encode())

    def done(self):
        self.busy = False
        if self.last or self.server.stopping:
            self.last = True
            self.flush()

    def send(self, data):
        self.unsent += data
        self.flush()

    def flush(self):
        """Send what can be sent. The last answer is followed by the end."""
        if self.connection.fileno() < 0:
            return
        try:
            self.unsent = self.unsent[self.connection.send(self.unsent) :] if self.unsent else b""
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if self.last and not self.busy and not self.unsent:
            self.close()
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.unsent else 0)
        if self.server.selector.get_key(self.connection).events != events:
            self.server.selector.modify(self.connection, events, self.act)

    def close(self):
        if self.connection.fileno() >= 0:
            self.server.selector.unregister(self.connection)
            self.connection.close()
        self.server.clients.discard(self)

    def good_bye(self):
        """The server ends: who waits for an answer gets it."""
        if self.is_websocket:
            self.send_frame(CLOSE, (1012).to_bytes(2, "big"))
        elif not self.busy and not self.given:
            self.close()

    def frame(self):
        """Whether there was one. Clients' frames are masked, those here are short."""
        if len(self.given) < 2:
            return False
        length, start = self.given[1] & 0x7F, 2
        if length == 126:
            length, start = int.from_bytes(self.given[2:4], "big"), 4
        if len(self.given) < start + 4 + length:
            return False
        kind, mask = self.given[0], self.given[start : start + 4]
        masked = self.given[start + 4 : start + 4 + length]
        self.given = self.given[start + 4 + length :]
        self.framed(kind, bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked)))
        return True

    def framed(self, kind, payload):
        if kind == CLOSE:
            self.last = True
            self.send_frame(CLOSE, payload[:2]) if not self.server.stopping else self.flush()
        elif kind in (TEXT, PING):
            self.send_frame(PONG if kind == PING else TEXT, payload)

    def send_frame(self, kind, payload):
        length = len(payload)
        self.send(bytes([kind, length] if length < 126 else [kind, 126, *length.to_bytes(2, "big")]) + payload)


def root(client, _body, _query, _fields):
    if SLOWER:
        client.server.later(SLOWER, lambda: (judged(client), client.go_on()))
    else:
        judged(client)


def judged(client):
    if UPSTREAM_DOWN and os.path.exists(UPSTREAM_DOWN):
        client.answer(503, b"what it depends on is down\n")
    elif is_failing(next(requests)):
        client.answer(500, b"broken\n")
    else:
        client.answer(200, f"version {VERSION}\n".encode())


def is_failing(number):
    return bool(FAIL_SHARE and number % FAIL_SHARE == 0) or bool(FAIL_WHILE and os.path.exists(FAIL_WHILE))


def echo(client, body, _query, _fields):
    client.answer(200, body)


def slow(client, _body, query, _fields):
    seconds = seconds_of(query)

    def woken():
        client.answer(200, f"slept {seconds:g} s\n".encode())
        client.go_on()

    client.server.later(seconds, woken)


def stream(client, _body, query, _fields):
    until = time.monotonic() + seconds_of(query)
    client.head(200, "Transfer-Encoding: chunked\r\n")

    def tick():
        left = until - time.monotonic()
        if left <= 0:
            client.send(b"4\r\nend\n\r\n0\r\n\r\n")
            client.done()
            client.go_on()
            return
        client.send(b"5\r\ntick\n\r\n")
        client.server.later(min(0.2, left), tick)

    tick()


def seconds_of(query):
    return float(dict(pair.split("=") for pair in query.split("&") if pair).get("seconds", "1"))


def health(client, _body, _query, _fields):
    client.answer(200, b"ok\n")
    for delay in deaths:  # the first time only
        client.server.later(float(delay), lambda: os._exit(3))


def fail(client, _body, _query, _fields):
    client.answer(500, b"failed as asked\n")


def missing(client, _body, _query, _fields):
    client.answer(404, b"no such page\n")


def talk(client, _body, _query, fields):
    """From here on messages, each sent back."""
    import base64  # noqa: PLC0415 — most who start this never open one
    import hashlib  # noqa: PLC0415

    key = base64.b64encode(hashlib.sha1(fields["sec-websocket-key"].encode() + GUID).digest()).decode()
    upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {key}\r\n"
    client.is_websocket, client.busy, client.last = True, False, False
    client.send(f"HTTP/1.1 101 Switching Protocols\r\n{HEADERS}{upgrade}\r\n".encode())
    if client.server.stopping:
        client.good_bye()


ROUTES = {
    ("GET", "/"): root,
    ("POST", "/echo"): echo,
    ("GET", "/slow"): slow,
    ("GET", "/stream"): stream,
    ("GET", "/health"): health,
    ("GET", "/fail"): fail,
    ("GET", "/ws"): talk,
}


def routed(method, path):
    return ROUTES.get((method, path), missing)


def served_by(module):
    """All that is asked goes to that module."""
    answer = __import__(module).answer
    return lambda method, path: lambda client, _body, query, _fields: client.answer(*answer(path, query))


def main(address, port, module=None):
    handler = served_by(module) if module else routed
    time.sleep(float(os.environ.get("START_DELAY", "0")))
    server = Server(address, int(port), handler)
    print(f"listening on http://{address}:{port}", flush=True)
    server.run()
    print("ended", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
