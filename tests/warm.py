"""Programs without their start-up: a process that has imported everything forks for each call.

To import what `fairlead deploy` needs takes half a second of a core, and the tests call commands by the hundred. A call
is what it always is, a process of its own with its arguments, environment, folder, standard streams and exit code, but
it did not have to import anything. Where a test is about the process itself (signals, terminals, what is imported, what
`ps` shows) it starts the installed program.

As a program, `warm.py DESCRIPTOR LISTENER MODULE MORE…`, this is the process that forks; `MODULE.main()` is called. It
imports at the first call. Where several processes run tests they share that of the one that started them: `lend`.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CALLER = Path(__file__).with_name("warm_caller.py")
AT_START = ("PYTHON", "LANG", "LC_", "LD_", "TZ")  # what is read once, by the interpreter and the C library


class Warm:
    """The program `MODULE.main()`; `more` are modules that it imports late. It begins at the first call."""

    def __init__(self, module, *more):
        self.modules, self.process, self.socket = (module, *more), None, None
        self.name, self.folder = module.partition(".")[0], None

    def lend(self):
        """Its folder, for `borrow` in another process, which calls it by that for as long as this one lives."""
        if self.folder is None:
            self._start()
        return str(self.folder)

    def borrow(self, folder):
        """Have the process of who lent it fork."""
        self.folder = Path(folder)

    def run(self, argv, *, cwd, env, stdin=b"", timeout=300):
        """As `subprocess.run` with all it says captured, as bytes. `argv` begins with the script's own path."""
        if not _possible(env):
            argv = [sys.executable, *argv]
            return subprocess.run(
                argv, cwd=cwd, env=env, input=stdin, capture_output=True, check=False, timeout=timeout
            )
        with tempfile.TemporaryFile() as given, contextlib.ExitStack() as pipes:
            given.write(stdin)
            given.seek(0)
            ends, theirs = zip(*(_pipe(pipes) for _ in range(3)), strict=True)
            self._send([str(one) for one in argv], str(cwd), env, [given, *theirs])
            for end in theirs:
                end.close()
            out, err, told = _read_all(ends, argv, timeout)
        return subprocess.CompletedProcess(argv, int(told.split()[1]), out, err)

    def begin(self, argv, *, cwd, env):
        """As `subprocess.Popen` with its standard output as text; what else it says goes where ours does."""
        if not _possible(env):
            return subprocess.Popen([sys.executable, *argv], cwd=cwd, env=env, stdout=subprocess.PIPE, text=True)
        with contextlib.ExitStack() as pipes, open(os.devnull, "rb") as nothing:
            (out, told), theirs = zip(*(_pipe(pipes) for _ in range(2)), strict=True)
            self._send([str(one) for one in argv], str(cwd), env, [nothing, theirs[0], sys.__stderr__, theirs[1]])
            return Begun(*(open(os.dup(one.fileno())) for one in (out, told)))

    def on_path(self, path):
        """`path` for scripts, with a folder before it in which the program is one that has this process fork.

        What is read at the start of an interpreter is as it was here, whatever the script says.
        """
        if self.folder is None:
            self._start()
        return f"{self.folder}{os.pathsep}{path}"

    def _send(self, argv, cwd, env, files):
        if self.folder is None:
            self._start()
        data = json.dumps({"argv": argv, "cwd": cwd, "env": {name: str(value) for name, value in env.items()}}).encode()
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self.folder / "socket"))
            socket.send_fds(asked, [len(data).to_bytes(4, "big")], [file.fileno() for file in files])
            asked.sendall(data)

    def _start(self):
        self.socket, theirs = socket.socketpair()  # nothing goes through it: its end is that of whoever started this
        self.folder = Path(tempfile.mkdtemp(prefix="warm-"))
        with theirs, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.folder / "socket"))
            listener.listen(64)
            passed = [theirs.fileno(), listener.fileno()]
            argv = [sys.executable, __file__, *map(str, passed), *self.modules]
            self.process = subprocess.Popen(argv, pass_fds=passed, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        script = self.folder / self.name
        words = [sys.executable, "-I", "-S", CALLER, self.folder / "socket"]
        script.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$0" "$@"\n')
        script.chmod(0o755)
        atexit.register(self._end)

    def _end(self):
        self.socket.close()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Begun:
    """A call that goes on."""

    def __init__(self, stdout, told):
        self.stdout, self.told, self.pid = stdout, told, int(told.readline())

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def wait(self):
        """Its exit code."""
        with self.told:
            return int(self.told.readline())


def _possible(env):
    """Elsewhere libraries of the system do not survive a fork; and some things are read at the start, never again."""
    changed = {name for name, value in {*env.items(), *os.environ.items()} if env.get(name) != os.environ.get(name)}
    return sys.platform == "linux" and not any(name.startswith(AT_START) for name in changed)


LATE = (  # what commands import inside of functions, from others
    "httpx", "rich.live", "rich.table", "jinja2", "ruamel.yaml", "psycopg",
    "pyrage", "cryptography.hazmat.primitives.asymmetric.ed25519", "cryptography.x509",
    "cryptography.hazmat.primitives.ciphers.aead", "docker", "xmlrpc.client", "encodings.idna",
    "importlib.resources.readers",
)  # fmt: skip

fairlead = Warm("fairlead.__main__", "fairlead", *LATE)
deployer = Warm("tests.crash.deployer", "fairlead.operations", *LATE)  # the one that crash tests kill
SHARED = {"fairlead": fairlead, "deployer": deployer}  #: by the workers of a run


def as_text(done):
    """What it said as text, its line ends as Python reads them."""
    said = (one.decode().replace("\r\n", "\n").replace("\r", "\n") for one in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, *said)


def _pipe(opened):
    return [
        opened.enter_context(open(end, mode, buffering=0)) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True)
    ]


def _read_all(files, argv, timeout):
    """What was written to each, when all are closed. A call that takes too long is killed."""
    end, said = time.monotonic() + timeout, {file: b"" for file in files}
    with selectors.DefaultSelector() as selector:
        for file in files:
            selector.register(file, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0, end - time.monotonic()))
            if not ready:
                os.kill(int(said[files[-1]].split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired(argv, timeout, said[files[0]], said[files[1]])
            for key, _ in ready:
                data = key.fileobj.read(1 << 16)
                said[key.fileobj] += data
                if not data:
                    selector.unregister(key.fileobj)
    return [said[file] for file in files]


class Forking:
    """The other side: forks for each request, and tells pid and exit code of each."""

    def __init__(self, starter, listener):
        self.starter, self.listener, self.running = starter, listener, {}

    def serve(self):
        """Returns in each child, set up to be the program. Ends when nobody can ask any more."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is for who asks, and for the calls
        woken, wake = socket.socketpair()
        wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno())
        with selectors.DefaultSelector() as selector:
            for one in (self.starter, self.listener, woken):
                selector.register(one, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is woken:
                        woken.recv(4096)
                        self._reap()
                    elif key.fileobj is self.starter:
                        os._exit(0)  # it has ended
                    else:
                        caller, _ = self.listener.accept()
                        if self._answer(caller):
                            caller.detach()  # closed with all the others
                            return
                        caller.close()

    def _reap(self):
        for pid in list(self.running):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                with contextlib.suppress(BrokenPipeError):  # who asked for it was killed
                    os.write(self.running[pid], f"{os.waitstatus_to_exitcode(status)}\n".encode())
                os.close(self.running.pop(pid))

    def _answer(self, asked):
        """True in the child."""
        header, descriptors, _, _ = socket.recv_fds(asked, 4, 4)
        if not header:
            return False  # it was killed before it could say what it wants
        length, data = int.from_bytes(header, "big"), b""
        while len(data) < length:
            more = asked.recv(length - len(data))
            if not more:
                return False
            data += more
        pid = os.fork()
        if pid == 0:
            become(descriptors, **json.loads(data))
            return True
        *streams, told = descriptors
        for one in streams:
            os.close(one)
        os.write(told, f"{pid}\n".encode())
        self.running[pid] = told
        return False


def become(descriptors, argv, cwd, env):
    """A process as if it had just been started like that."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, one in enumerate(descriptors[:3]):
        os.dup2(one, number)
    os.closerange(3, 1024)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = argv


def main(descriptor, listener, module, *more):
    sockets = [socket.socket(fileno=int(one)) for one in (descriptor, listener)]
    if sockets[0] in select.select(sockets, [], [])[0]:
        return  # nobody has called
    sys.path[0] = str(ROOT)
    classes = importlib.import_module("fairlead.classes")
    classes.install()  # as `fairlead` does
    program = importlib.import_module(module)
    for one in more:
        imported = importlib.import_module(one)
        ours = imported.__path__ if one.startswith("fairlead") else ()
        for found in pkgutil.walk_packages(ours, f"{one}."):
            importlib.import_module(found.name)
    classes.finish(gc.get_objects())  # each fork would, and it is a quarter of a deployment
    gc.collect()
    gc.freeze()
    Forking(*sockets).serve()
    end_with(_code(program))


def _code(program):
    """The exit code of a call, as the interpreter says it."""
    try:
        program.main()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 — as the interpreter
        traceback.print_exc()
        return 1
    return 0


def end_with(code):
    """All that the interpreter does at the end, but for taking apart what was imported: two thirds of a call."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for one in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # who reads it may have gone
            one.flush()
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
