"""The same tests on every runtime: what is different about each is here."""

import os
import signal
import sys
from dataclasses import replace

from instances import PROGRAMS, end_everything, one, spec
from tests.docker_engine import unique

from fairlead.engine.networks import remove_networks
from fairlead.runtimes.docker.readiness import address_of
from fairlead.runtimes.docker.runtime import DockerRuntime
from fairlead.runtimes.process.runtime import ProcessRuntime
from fairlead.system.home import Place

PORT = 8000


class ProcessRig:
    """Plain processes."""

    python = sys.executable

    def __init__(self, folder):
        self.runtime = ProcessRuntime(place_of(folder, "shop"))

    def begin(self):
        """For the next test: as a command that begins, which knows only what it finds."""
        self.runtime = type(self.runtime)(self.runtime.place)
        self.runtime.up()

    def clear(self):
        """End and remove all instances."""
        ids = [one.id for one in self.runtime.observe()]
        self.runtime.stop(ids)
        self.runtime.remove(ids)

    def spec(self, name="web", **more):
        return spec(name, **more)

    def code(self, name, code, **more):
        """One that runs a piece of Python."""
        return self.spec(name, argv=(self.python, "-S", "-u", "-c", code), **more)

    def address(self, id):
        return "127.0.0.1", one(self.runtime, id).port

    def end(self):
        end_everything(self.runtime)

    def left(self):
        """What there is of it besides its folders."""
        return sorted(self.runtime.supervisor.programs())

    def refusal(self, program):
        """What is said of a program that is not there."""
        return f"{program} could not be started in /: No such file or directory"


class DockerRig(ProcessRig):
    """Containers."""

    python = "/usr/bin/python3"

    def __init__(self, folder):
        self.runtime = DockerRuntime(place_of(folder, unique("rig")))
        self.image = self.runtime.engine.image("fairlead-test/app").id

    def spec(self, name="web", program="web.py", **more):
        """The programs come as text: the image knows nothing of them."""
        text = (PROGRAMS / program).read_text()
        argv = more.pop("argv", (self.python, "-S", "-u", "-c", text))
        env = {"BIND": "0.0.0.0", **more.pop("env", {})}
        made = spec(name, program=program, argv=argv, env=env, image=more.pop("image", self.image), **more)
        return replace(made, port=PORT) if made.listens else made

    def address(self, id):
        facts = self.facts(id)
        return address_of(self.runtime.owner, facts), PORT

    def facts(self, id):
        return self.runtime._containers()[id]

    def clear(self):
        engine, owner = self.runtime.engine, self.runtime.owner
        ids = [one.id for one in self.runtime.observe()]
        for facts in engine.containers(owner.labels()):
            engine.remove(facts.id)
        self.runtime.remove(ids)
        for volume in engine.volumes(owner.labels()):
            engine.remove_volume(volume["Name"])

    def end(self):
        self.clear()
        remove_networks(self.runtime.engine, self.runtime.owner)
        end_everything(self.runtime)

    def left(self):
        return sorted(facts.name for facts in self.runtime.engine.containers(self.runtime.owner.labels()))

    def refusal(self, program):
        return f"exec {program} failed: No such file or directory"


def place_of(folder, project):
    place = Place(folder / "home" / project / "test")
    place.create()
    return place


def kill(rig, id):
    """SIGKILL of its first process, as the kernel would for its memory."""
    os.kill(one(rig.runtime, id).pid, signal.SIGKILL)


RIGS = {"process": ProcessRig, "docker": DockerRig}
