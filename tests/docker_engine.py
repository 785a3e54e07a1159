"""Docker for tests: the engine of this machine, or one of our own that may be restarted, killed and filled up.

Every name a test makes begins with that of its project, and its project has a name nobody else has (`unique`).
`left_of` says what is left of a project, `remove` takes it away.
"""

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

from fairlead.engine.direct import DirectEngine, Refused
from tests.living import processes

ROOT = Path(__file__).parent.parent
LABEL = "dev.fairlead.project"
CLONE_NEWNET = 0x40000000


@cache
def images():
    """{FOLDER: IMAGE}: what `scripts/docker` makes, by the folder of tests/images."""
    told = subprocess.run([ROOT / "scripts" / "docker", "images"], capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in told.splitlines())


def why_not():
    """Why tests cannot use this machine's engine; None when they can."""
    if not shutil.which("docker"):
        return "there is no docker on PATH: scripts/packages test"
    try:
        asked = DockerEngine()("image", "inspect", *images().values(), "--format", "{{.Id}}", check=False, timeout=90)
    except subprocess.TimeoutExpired:
        return "the Docker engine does not answer"
    if asked.returncode == 0:
        return None
    return f"Docker cannot be used, scripts/docker may help: {asked.stderr.strip().splitlines()[-1]}"


def unique(label="test"):
    """The name of a project that nobody else has."""
    return f"{label}-{secrets.token_hex(4)}"


class DockerEngine:
    """An engine by its address; the machine's own, or that of DOCKER_HOST, where none is given."""

    def __init__(self, host=None):
        self.host = host or os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"

    @property
    def environment(self):
        """For programs that are to use this engine."""
        return os.environ | {"DOCKER_HOST": self.host}

    def __call__(self, *words, check=True, timeout=300, **more):
        """`docker WORDS…`, done when it is; with at most so many seconds, and with `stdin` a file."""
        done = subprocess.run(
            ["docker", *map(str, words)], capture_output=True, text=True, check=False, timeout=timeout,
            env=self.environment, **({"stdin": subprocess.DEVNULL} | more),
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"docker {words[0]}: {done.stderr.strip()}"
        return done

    def lines(self, *words):
        return self(*words).stdout.split("\n")[:-1]

    @property
    def _direct(self):
        """The engine without a program in between, which would take longer to start than to ask."""
        direct = DirectEngine.here(self.host, 300)
        assert direct, f"{self.host} is no socket of this machine"
        return direct

    def inspect(self, name):
        """What the engine says of a container, image, network or volume; None when there is none."""
        for path in ("containers/{}/json", "images/{}/json", "networks/{}", "volumes/{}"):
            with suppress(Refused, OSError):
                return self._direct.get(f"/{path.format(quote(name))}")
        return None

    def found(self, project):
        """{KIND: NAMES} of all that is the project's: by its label, or by its name."""
        direct = self._direct
        there = {
            "container": [(plain_names(one), one) for one in direct.get("/containers/json", {"all": "1"})],
            "network": [([one["Name"]], one) for one in direct.get("/networks")],
            "volume": [([one["Name"]], one) for one in direct.get("/volumes")["Volumes"] or ()],
            "image": [(references(one), one) for one in direct.get("/images/json")],
        }
        return {
            kind: sorted({
                name for names, one in ones for name in names
                if is_of(project, name) or (one["Labels"] or {}).get(LABEL) == project
            })
            for kind, ones in there.items()
        }  # fmt: skip

    def left_of(self, project):
        """["container NAME", …]: nothing, once a project was removed."""
        return [f"{kind} {name}" for kind, names in self.found(project).items() for name in names]

    def remove(self, project):
        """All that is left of it."""
        verbs = {"container": ["rm", "--force", "--volumes"], "image": ["rmi", "--force"]}
        for kind, names in self.found(project).items():
            if names:
                self(*verbs.get(kind, [kind, "rm"]), *names, check=False)

    def load(self, *names):
        """Images of the machine's engine, for one that is not."""
        save = subprocess.Popen(["docker", "save", *names], stdout=subprocess.PIPE)
        self("load", "--quiet", stdin=save.stdout)
        assert save.wait() == 0


def plain_names(container):
    """Without those by which others that are linked to it know it."""
    return [name[1:] for name in container["Names"] if name.count("/") == 1]


def references(image):
    """Its tags, and the digests of what was pulled by its digest, which has no tag."""
    tags = [one for one in image["RepoTags"] or () if one != "<none>:<none>"]
    tagged = {one.rpartition(":")[0] for one in tags}
    digests = [one for one in image["RepoDigests"] or () if one.partition("@")[0] not in tagged]
    return [*tags, *digests] or ["<none>@<none>"]


def is_of(project, name):
    """`PROJECT`, `PROJECT-…`, or an image `…/PROJECT…`."""
    last = name.rpartition("/")[2].partition(":")[0]
    return any(one == project or one.startswith((f"{project}-", f"{project}_")) for one in (name, last))


class OwnEngine(DockerEngine):
    """A dockerd of our own, in a network namespace of its own: two in one would undo each other's firewall rules.

    What wants its containers' addresses or ports has to be in that namespace too: `with engine.inside():`.
    """

    def __init__(self, folder, *options):
        super().__init__(f"unix://{folder}/s")
        self.folder, self.options, self.process = folder, options, None
        self.namespace = folder.name
        self.netns = f"/run/netns/{self.namespace}"
        self.log = folder / "log"

    def start(self):
        """Returns when it answers."""
        argv = [
            "nsenter", f"--net={self.netns}", "dockerd", "--host", self.host, "--pidfile", self.folder / "pid",
            "--data-root", self.folder / "data", "--exec-root", self.folder / "exec",
            "--containerd-namespace", self.namespace, "--containerd-plugins-namespace", f"{self.namespace}-plugins",
            *self.options,
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 180
        while self("version", check=False).returncode != 0:
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()[-2000:]
            time.sleep(0.05)

    def stop(self, number=signal.SIGTERM):
        """Ends dockerd, and waits for it. `nsenter` became dockerd itself: its pid is ours."""
        self.process.send_signal(number)
        self.process.wait(180)
        if (
            number == signal.SIGKILL
        ):  # its containerd dies with it, but not at once: the next one would take it for alive
            (self.folder / "exec" / "containerd" / "containerd.pid").unlink(missing_ok=True)

    def lose_power(self):
        """The end of all of it at once, containers too: none has a moment. `start` is the boot after that."""
        running = self.lines("ps", "--quiet")
        inside = self.lines("inspect", "--format", "{{.State.Pid}}", *running) if running else []
        self.process.kill()
        mark = str(self.folder).encode()
        while found := [pid for pid, said in processes().items() if mark in said]:
            end(found)  # its containerd, and what that has beside each container
        end(int(pid) for pid in inside)
        self.process.wait(180)
        for left in (self.folder / "pid", self.folder / "exec" / "containerd" / "containerd.pid"):
            left.unlink(missing_ok=True)

    def restart(self, number=signal.SIGTERM):
        self.stop(number)
        self.start()

    def inside(self):
        """This thread, and what it starts, in the engine's network namespace."""
        return inside(self.netns)

    @contextmanager
    def outside(self):
        """This thread, and what it starts, on another machine, as it were: it reaches the engine's at the address."""
        name, inner = f"{self.namespace}-out", self.namespace
        subprocess.run(["ip", "netns", "add", name], check=True)
        try:
            ends = ((inner, "veth-in", "10.99.0.1/24"), (name, "veth-out", "10.99.0.2/24"))
            pair = ["netns", inner, "type", "veth", "peer", "name", "veth-out", "netns", name]
            subprocess.run(["ip", "link", "add", "veth-in", *pair], check=True)
            for namespace, device, address in ends:
                subprocess.run(["ip", "-n", namespace, "address", "add", address, "dev", device], check=True)
                subprocess.run(["ip", "-n", namespace, "link", "set", device, "up"], check=True)
            with inside(f"/run/netns/{name}"):
                yield "10.99.0.1"
        finally:
            subprocess.run(["ip", "netns", "del", name], check=True)

    def end(self):
        """Its containers, itself, its namespace and its folder."""
        if self.process.poll() is not None:
            self.start()
        running = self.lines("ps", "--all", "--quiet")
        if running:
            self("rm", "--force", "--volumes", *running)
        self.stop()


def end(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def unmount_below(folder):
    """What a dockerd that was killed has left there."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in reversed([place for place in places if place.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def inside(netns):
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(netns, os.O_RDONLY)
    try:
        enter(there)
        yield
    finally:
        enter(before)
        os.close(before)
        os.close(there)


def enter(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def own_engine(*options, images=(), data=None):
    """`with own_engine("--live-restore", images=["debian:12-slim"]) as engine`. It needs root.

    `data` is a folder for what it keeps, on a small disk for example; else one that goes away with it.
    """
    folder = Path("/tmp", f"fl-dk-{secrets.token_hex(4)}")  # containerd takes no name that ends with _
    folder.mkdir(mode=0o700)
    engine = OwnEngine(folder, *options, *([] if data is None else ["--data-root", data]))
    subprocess.run(["ip", "netns", "add", engine.namespace], check=True)
    try:
        subprocess.run(["ip", "-n", engine.namespace, "link", "set", "lo", "up"], check=True)
        engine.start()
        try:
            if images:
                engine.load(*images)
            yield engine
        finally:
            engine.end()
    finally:
        subprocess.run(["ip", "netns", "del", engine.namespace], check=True)
        unmount_below(folder)
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Elsewhere:
    """Another machine, as it were. `addresses`: first that of this one, as it is seen there, then its own."""

    netns: str
    addresses: tuple[str, ...]


@contextmanager
def elsewhere(clients=3):
    """A network namespace with so many addresses, which this machine reaches and forwards for. Root alone may do it."""
    name, subnet = f"fl{secrets.token_hex(3)}", secrets.randbelow(1 << 14) * 8 + (198 << 24 | 18 << 16)
    addresses = tuple(str(ip_address(subnet + number)) for number in range(1, clients + 2))
    here, *there = addresses
    _ip("netns", "add", name)
    try:
        _ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
        _ip("address", "add", f"{here}/29", "dev", f"{name}a")
        for address in there:
            _ip("-n", name, "address", "add", f"{address}/29", "dev", f"{name}b")
        _ip("link", "set", f"{name}a", "up")
        for device in (f"{name}b", "lo"):
            _ip("-n", name, "link", "set", device, "up")
        _ip("-n", name, "route", "add", "default", "via", here)
        yield Elsewhere(f"/run/netns/{name}", addresses)
    finally:
        _ip("netns", "delete", name)


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)
