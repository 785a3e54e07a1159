"""A Traefik of our own with a configuration written by hand: the naive way, to see whether a trap is real."""

import json
import os
import signal
import subprocess
from pathlib import Path

import asking
from running import eventually, free_port

from fairlead.edges.traefik.edge import traefik_binary


class PlainTraefik:
    """Traefik with the file provider on `folder/dynamic`, as its documentation shows it. A context manager."""

    def __init__(self, folder: Path, throttle="50ms", env=None, **static):
        self.folder = folder
        self.dynamic = folder / "dynamic"
        self.dynamic.mkdir(parents=True)
        self.http, self.api = free_port(), free_port()
        self.env = env or {}
        self.passed = 0  # characters of its log that are of no interest any more
        web = {"address": f"127.0.0.1:{self.http}"}
        self.static = {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "INFO", "filePath": str(folder / "traefik.log")},
            "api": {"insecure": True},
            "ping": {},
            "metrics": {"prometheus": {"entryPoint": "traefik", "addServicesLabels": True}},
            "entryPoints": {"web": web, "traefik": {"address": f"127.0.0.1:{self.api}"}},
            "providers": {
                "providersThrottleDuration": throttle,
                "file": {"directory": str(self.dynamic), "watch": True},
            },
        } | static
        if throttle is None:
            del self.static["providers"]["providersThrottleDuration"]

    def __enter__(self):
        self.start()
        eventually(lambda: self.get("/ping").status == 200)
        return self

    def start(self):
        """Start the process; does not wait."""
        (self.folder / "traefik.yml").write_text(json.dumps(self.static))
        argv = [traefik_binary(), f"--configFile={self.folder / 'traefik.yml'}"]
        with open(self.folder / "output.log", "ab") as out:
            self.process = subprocess.Popen(argv, stdout=out, stderr=out, env={**os.environ, **self.env})

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def get(self, path):
        """Ask its API."""
        return asking.ask(self.api, path, timeout=5)

    def ask(self, path="/", **more):
        """Ask as a user."""
        return asking.ask(self.http, path, **more)

    def write(self, config, name="routes.yml", confirm=True):
        """Write a dynamic file by rename; `config` is the content of `http`. Returns when the API shows its mark."""
        self.count = getattr(self, "count", 0) + 1
        mark = f"mark-{self.count}"
        config = {
            **config,
            "middlewares": {**config.get("middlewares", {}), mark: {"stripPrefix": {"prefixes": ["/x"]}}},
        }
        temp = self.folder / "temp"
        temp.write_text(json.dumps({"http": config}))
        temp.rename(self.dynamic / name)
        if confirm:
            eventually(lambda: self.get(f"/api/http/middlewares/{mark}@file").status == 200)

    def renew(self, config):
        """`write`, and wait until users are sent by it too: the API shows a table a moment before it is in force."""
        path = f"/renewed-{getattr(self, 'count', 0)}"
        teapot = {"rule": f"Path(`{path}`)", "service": "noop@internal", "entryPoints": ["web"]}
        self.write({**config, "routers": {**config["routers"], "renewed": teapot}})
        eventually(lambda: self.ask(path).status == 418)

    def forget(self):
        """Begin anew: without its dynamic files, and as if it had logged nothing yet."""
        for path in self.dynamic.iterdir():
            path.unlink()
        self.passed = 0
        self.passed = len(self.log())

    def log(self):
        """What it wrote."""
        path = self.folder / "traefik.log"
        return path.read_text()[self.passed :] if path.exists() else ""

    def reloads(self):
        """How often it took a new configuration."""
        lines = self.get("/metrics").body.decode().splitlines()
        return next((int(float(x.split()[1])) for x in lines if x.startswith("traefik_config_reloads_total ")), 0)


def servers(*ports, **more):
    """A load balancer over local ports."""
    return {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"} for port in ports], **more}}


def weighted(*pairs, **more):
    """A weighted service of (name, weight)."""
    return {"weighted": {"services": [{"name": name, "weight": weight} for name, weight in pairs], **more}}


def everything_to(service, services, **more):
    """The routers and services that send all requests to one service."""
    router = {"rule": "PathPrefix(`/`)", "service": service, "entryPoints": ["web"]}
    return {"routers": {"all": router}, "services": services, **more}
