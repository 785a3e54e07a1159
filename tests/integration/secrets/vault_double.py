"""A server that keeps to the HTTP API of the KV version 2 engine: what Vault and OpenBao say, and nothing kinder.

It knows check-and-set, versions, soft deletion, tokens with and without the right to write (403), sealing (503),
AppRole logins and namespaces. What the API does not take is refused, so that a client that guesses fails here too.
"""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DENIED = (403, {"errors": ["permission denied"]})
MISMATCH = {"errors": ["check-and-set parameter did not match the current version"]}
TIME = "2026-01-02T03:04:05.678901234Z"


@dataclass
class Vault:
    """What the server knows. Tests change it and look at it."""

    tokens: dict = field(default_factory=lambda: {"root": "rw", "reader": "r", "nobody": ""})
    roles: dict = field(default_factory=lambda: {("role", "secret-id"): "root"})
    namespaces: set = field(default_factory=lambda: {"", "team-a"})
    mounts: set = field(default_factory=lambda: {"secret", "kv/shop"})
    keys: dict = field(default_factory=dict)  #: (namespace, mount, path) -> [version]
    sealed: bool = False
    cas_required: bool = True
    before_write: list = field(default_factory=list)  #: called once each, before a write: another client's turn
    logins: int = 0

    def answer(self, method, path, headers, body):
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        namespace = (headers.get("X-Vault-Namespace") or "").strip("/")
        if namespace not in self.namespaces:
            return 404, {"errors": [f"no handler for route {path}"]}
        if path == "auth/approle/login" and method in ("POST", "PUT"):
            return self._login(body)
        rights = self.tokens.get(headers.get("X-Vault-Token"))
        mount = next((one for one in self.mounts if path.startswith(f"{one}/data/")), None)
        if rights is None or (mount and ("r" if method == "GET" else "w") not in rights):
            return DENIED
        if mount is None:
            return 404, {"errors": [f'no handler for route "{path}". route entry not found.']}
        versions = self.keys.setdefault((namespace, mount, path.removeprefix(f"{mount}/data/")), [])
        if method == "GET":
            return self._read(versions)
        return self._write(versions, body) if method in ("POST", "PUT") else self._delete(versions)

    def _login(self, body):
        token = self.roles.get((body.get("role_id"), body.get("secret_id")))
        if token is None:
            return 400, {"errors": ["invalid role or secret ID"]}
        self.logins += 1
        return 200, {"auth": {"client_token": token, "lease_duration": 3600, "renewable": True}}

    def _read(self, versions):
        if not versions:
            return 404, {"errors": []}
        last = versions[-1]
        about = {"version": len(versions), "created_time": TIME, "deletion_time": last["deleted"],
                 "destroyed": last["destroyed"], "custom_metadata": None}  # fmt: skip
        gone = bool(last["deleted"] or last["destroyed"])
        return (404 if gone else 200), {"data": {"data": None if gone else last["data"], "metadata": about}}

    def _write(self, versions, body):
        for act in [self.before_write.pop(0)] if self.before_write else []:
            act()
        if set(body) - {"data", "options"} or not isinstance(body.get("data"), dict):
            return 400, {"errors": ["no data provided"]}
        cas = body.get("options", {}).get("cas")
        if cas is None and self.cas_required:
            return 400, {"errors": ["check-and-set parameter required for this call"]}
        if cas is not None and cas != len(versions):
            return 400, MISMATCH
        versions.append({"data": body["data"], "deleted": "", "destroyed": False})
        return 200, {"data": {"version": len(versions), "created_time": TIME, "deletion_time": "", "destroyed": False}}

    def _delete(self, versions):
        if versions:
            versions[-1]["deleted"] = TIME
        return 204, None


class VaultServer:
    """The double, listening on a free port of this machine."""

    def __init__(self):
        self.vault = vault = Vault()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size) or "{}") if size else {}
                status, data = vault.answer(
                    self.command, self.path.split("?")[0].removeprefix("/v1/"), self.headers, body
                )
                content = b"" if data is None else json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = respond

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
