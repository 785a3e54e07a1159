"""What supervisord starts for every program: sets up log, environment and folder, then becomes the program (exec).

Run as a file with `python -I -S`, standard library only: it must start fast and import nothing of Fairlead.
The log is opened here, not by supervisord: a program that writes through supervisord's pipe dies with it.
Each start leaves `PID START` in the starts file, so that others can tell this very process from a later one.
A program that died may have left children, which would hold its port and pile up: they are ended first.
A disk that is full must not keep a service from starting, so nothing written here is allowed to fail it.
A secret that a program wants in its environment is read here, so that its value stands in no file but its own.
"""

import json
import os
import signal
import sys

LONGEST = 4096  #: bytes of a starts file before the oldest lines become a number: one block of a disk
KEPT = 20  #: lines that stay


def stat(pid: object) -> list[str]:
    """What the kernel says of a process, from its state on; empty where it does not say."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def mark() -> str:
    """The kernel's start time of this process; `-` where it does not say."""
    return (stat("self") or ["-"] * 20)[19]


def end_orphans(starts: str) -> None:
    """End what the last start left of its process group, unless its leader lives or the group is a stranger's."""
    try:
        with open(starts) as file:
            group, since = map(int, file.read().splitlines()[-1].split())
        os.killpg(group, 0)  # there is such a group at all, which is rare
        facts = {pid: stat(pid) for pid in os.listdir("/proc") if pid.isdigit()}  # noqa: PTH208 — no import for it
        members = {pid: fact for pid, fact in facts.items() if fact and fact[2] == str(group) and fact[0] not in "ZX"}
        if str(group) not in members and min((int(fact[19]) for fact in members.values()), default=0) >= since:
            os.killpg(group, signal.SIGKILL)
    except (OSError, ValueError, IndexError):
        pass


def append(path: str, line: str) -> None:
    """Add a line; a full disk is no reason not to start."""
    try:
        with open(path, "a") as file:
            file.write(line + "\n")
    except OSError:
        pass


def shorten(starts: str) -> None:
    """Keep the last lines and the number of the others: this file is read all the time, and a crash loop never ends."""
    temp = starts + ".tmp"
    try:
        if os.stat(starts).st_size <= LONGEST:
            return
        with open(starts, "rb") as file:
            lines = file.read().split(b"\n")[:-1]
        marks = [line for line in lines if not line.startswith(b"#")]
        word = lines[0][1:].split()[:1] if lines[0].startswith(b"#") else []
        earlier = (int(word[0]) if word and word[0].isdigit() else 0) + len(marks[:-KEPT])
        with open(temp, "wb") as file:
            file.write(b"\n".join([b"# %d earlier; PID START, a line per start" % earlier, *marks[-KEPT:], b""]))
        os.replace(temp, starts)  # noqa: PTH105
    except (OSError, IndexError):  # a full disk: the file as it is will do
        try:  # noqa: SIM105 — contextlib would be imported for it, at each start
            os.unlink(temp)  # noqa: PTH108
        except OSError:
            pass


def redirect(path: str) -> None:
    """Send stdout and stderr to the log (append mode, so that a rotation by truncation is safe)."""
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def described(path: str) -> dict:  # type: ignore[type-arg]
    """The spec in that file; where it is damaged, the log beside it says so and this process ends."""
    try:
        with open(path) as file:
            spec: dict = json.load(file)  # type: ignore[type-arg]
        if {"log", "starts", "cwd", "argv", "env"} <= spec.keys():
            return spec
    except (ValueError, AttributeError):
        pass
    redirect(path.rpartition("/")[0] + "/log")
    os.write(1, f"fairlead: {path} is damaged; `fairlead up` makes it anew\n".encode())
    sys.exit(127)


def with_secrets(env: dict, files: dict) -> dict:  # type: ignore[type-arg]
    """The environment with what these files hold, byte for byte; where one cannot be had, this process ends."""
    whole = {os.fsencode(name): os.fsencode(value) for name, value in env.items()}
    for name, path in files.items():
        try:
            with open(path, "rb") as file:
                whole[os.fsencode(name)] = file.read()
        except OSError as error:
            give_up(f"{path}, which holds {name}, cannot be read: {error.strerror}; deploy again to have it anew")
        if b"\0" in whole[os.fsencode(name)]:
            give_up(f"{name} has a zero byte, which no environment can hold; have it as a file")
    return whole


def become(user: list) -> None:  # type: ignore[type-arg]
    """Another user, for good: name, number, and number of the group."""
    name, uid, gid = user
    try:
        os.initgroups(name, gid)
        os.setgid(gid)
        os.setuid(uid)
    except OSError as error:
        give_up(f"cannot become user {name}: {error.strerror}")


def give_up(why: str) -> None:
    """Say it in the log and end."""
    os.write(1, f"fairlead: {why}\n".encode(errors="replace"))
    sys.exit(127)


def main() -> None:
    """Become the program that the spec file describes."""
    spec = described(sys.argv[1])
    redirect(spec["log"])
    end_orphans(spec["starts"])
    append(spec["starts"], f"{os.getpid()} {mark()}")
    shorten(spec["starts"])
    env = with_secrets(spec["env"], spec.get("secret_env", {}))
    try:
        os.chdir(spec["cwd"])
        if spec.get("user"):
            become(spec["user"])
        os.execvpe(spec["argv"][0], spec["argv"], env)  # noqa: S606 — argv, no shell
    except OSError as error:
        give_up(f"{spec['argv'][0]} could not be started in {spec['cwd']}: {error.strerror}")


if __name__ == "__main__":
    main()
