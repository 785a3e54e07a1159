"""Clusters of PostgreSQL without the work of making each: the first of its kind in a run is copied for all others.

To make one takes 0.7 s of a core, to copy one a tenth of that, and the tests make them by the hundred. A copy is what
initdb makes, with the same arguments and environment, and has a number of its own, as each cluster must. A folder at
the beginning of PATH has `initdb` as this program and all others of PostgreSQL as they are.

As a program, `initdb.py INITDB FOLDER ARGUMENTS…`, it is that initdb, and FOLDER is where those to copy are.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PREFIX = "fl-initdb-"
SYSTEM = 24  #: where the first page of a segment has the number of the cluster, after XLogPageHeaderData
LONG = 0x0002  # XLP_LONG_HEADER: it has one
READ = ("LANG", "LC_", "TZ", "PG")  # of the environment, what a cluster is made from


def programs():
    """The folder with initdb and pg_ctl; Debian keeps it off the PATH. None when there is no server here."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return there[-1].parent if there else None


def path_of_all():
    """PATH without it: every cluster is made, as it is for users."""
    return os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if f"{os.sep}{PREFIX}" not in one)


def begin():
    """A folder, from now on at the beginning of PATH, with all programs of PostgreSQL.

    None where there are none, or no interpreter for the user that runs them, or where a run around this one has it.
    """
    bin = programs()
    python = next((one for one in (os.path.realpath(sys.executable), "/usr/bin/python3") if _for_all(one)), None)
    if bin is None or python is None or path_of_all() != os.environ["PATH"]:
        return None
    folder = tempfile.mkdtemp(prefix=PREFIX)
    os.chmod(folder, 0o755)
    os.mkdir(f"{folder}/made")
    os.chmod(f"{folder}/made", 0o1777)
    bin = os.path.dirname(os.path.realpath(os.path.join(bin, "initdb")))
    for name in os.listdir(bin):
        if name != "initdb":
            os.symlink(os.path.join(bin, name), f"{folder}/{name}")
    shutil.copyfile(__file__, f"{folder}/made/initdb.py")
    words = [python, "-I", "-S", f"{folder}/made/initdb.py", os.path.join(bin, "initdb"), f"{folder}/made"]
    with open(f"{folder}/initdb", "w") as script:
        script.write(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    os.chmod(f"{folder}/initdb", 0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return folder


def _for_all(path):
    """Whether whoever there is may run it."""
    folder = path
    while folder != os.path.dirname(folder):
        if not os.path.exists(folder) or not os.stat(folder).st_mode & 0o001:
            return False
        folder = os.path.dirname(folder)
    return True


def crc32c(data):
    """RFC 3720, appendix B.4, after each byte."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        yield value ^ 0xFFFFFFFF


def renumber(data):
    """Another number for the cluster, made as initdb does. ValueError for files that are not those we know."""
    seconds, fraction = divmod(time.time_ns(), 10**9)
    number = (seconds << 32 | fraction // 1000 << 12 | os.getpid() & 0xFFF).to_bytes(8, sys.byteorder)
    with open(f"{data}/global/pg_control", "r+b") as control:
        whole = control.read()
        end = next((at + 1 for at, value in enumerate(crc32c(whole[:512])) if _is(whole[at + 1 : at + 5], value)), None)
        if end is None:
            raise ValueError("no checksum in pg_control")
        own = number + whole[8:end]
        *_, checksum = crc32c(own)
        control.seek(0)
        control.write(own + checksum.to_bytes(4, sys.byteorder))
    (segment,) = (name for name in os.listdir(f"{data}/pg_wal") if len(name) == 24)
    with open(f"{data}/pg_wal/{segment}", "r+b") as log:
        head = log.read(SYSTEM + 8)
        if head[SYSTEM:] != whole[:8] or not int.from_bytes(head[2:4], sys.byteorder) & LONG:
            raise ValueError("no number in the log")
        log.seek(SYSTEM)
        log.write(number)


def _is(found, value):
    return len(found) == 4 and int.from_bytes(found, sys.byteorder) == value


def wanted(arguments):
    """Where the cluster is to be, and what else was asked for; None for what is left to initdb."""
    words, data = iter(arguments), []
    rest = []
    for word in words:
        if word in ("-D", "--pgdata"):
            data.append(next(words, ""))
        elif word.startswith("--pgdata="):
            data.append(word.removeprefix("--pgdata="))
        else:
            rest.append(word)
    elsewhere = any(one.startswith(("--pwfile", "-X", "--waldir")) for one in rest)
    if elsewhere or len(data) != 1 or (os.path.isdir(data[0]) and os.listdir(data[0])):
        return None
    return data[0], rest


def main(initdb, folder, *arguments):
    asked = wanted(arguments)
    if asked is None:
        os.execv(initdb, [initdb, *arguments])
    data, rest = asked
    read = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(READ))
    key = hashlib.sha256("\0".join([str(os.geteuid()), *rest, "", *read]).encode()).hexdigest()[:16]
    template = f"{folder}/{key}"
    if os.path.isdir(template):
        copy(template, data)
        renumber(data)
        return 0
    code = subprocess.run([initdb, *arguments], check=False).returncode
    if code == 0:
        own = tempfile.mkdtemp(dir=folder)
        copy(data, f"{own}/data")
        try:
            os.rename(f"{own}/data", template)
        except OSError:  # another one was first
            shutil.rmtree(own)
        else:
            os.rmdir(own)
    return code


def copy(whole, to):
    """With holes where there is nothing, as most of a log."""
    os.makedirs(to, mode=0o700, exist_ok=True)
    holes = ["--sparse=always"] if sys.platform == "linux" else []
    subprocess.run(["cp", "-Rp", *holes, f"{whole}/.", to], check=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
