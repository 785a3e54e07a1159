"""netstat(1) of macOS, strict: `-an -p tcp` in the form of macOS, and nothing else."""

import os
import socket
import sys
from pathlib import Path

STATES = {
    "01": "ESTABLISHED", "02": "SYN_SENT", "03": "SYN_RCVD", "04": "FIN_WAIT_1", "05": "FIN_WAIT_2", "06": "TIME_WAIT",
    "07": "CLOSED", "08": "CLOSE_WAIT", "09": "LAST_ACK", "0A": "LISTEN", "0B": "CLOSING",
}  # fmt: skip


def place(text: str) -> str:
    """ADDRESS.PORT, each `*` where it is any."""
    address, _, port = text.partition(":")
    raw = bytes.fromhex(address)
    packed = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    shown = socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
    return f"{'*' if shown in ('0.0.0.0', '::') else shown}.{int(port, 16) or '*'}"


if sys.argv[1:] != ["-an", "-p", "tcp"]:
    sys.exit(f"netstat: nobody knows whether macOS answers {sys.argv[1:]}")
print("Active Internet connections (including servers)")
print("Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)    ")
for name, shown in (("tcp", "tcp4"), ("tcp6", "tcp6")):
    for line in Path(os.environ["HIDDEN_PROC"], "self/net", name).read_text().splitlines()[1:]:
        row = line.split()
        print(f"{shown:5}      0      0  {place(row[1]):22} {place(row[2]):22} {STATES[row[3]]:11}")
