"""What stands on PATH in place of a program: `warm_caller.py SOCKET ARGV…` has `tests.warm` fork, and is as its child.

It imports next to nothing, since its own start is all that such a call costs.
"""

import json
import os
import signal
import socket
import sys


def main(path, *argv):
    reading, writing = os.pipe()
    asked = json.dumps({"argv": argv, "cwd": os.getcwd(), "env": dict(os.environ)}).encode()
    with socket.socket(socket.AF_UNIX) as there:
        there.connect(path)
        socket.send_fds(there, [len(asked).to_bytes(4, "big")], [0, 1, 2, writing])
        there.sendall(asked)
    os.close(writing)
    with open(reading) as told:
        pid = int(told.readline())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: os.kill(pid, number))
        code = int(told.readline())
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
