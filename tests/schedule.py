"""Which of the long tests run for a commit, and in what order files run.

Both are about time alone: what is drawn is bounded by what it costs, and what takes longest begins first, so that at
the end no core waits for one that has just begun something long.
"""

import hashlib
import os
import zlib
from pathlib import Path

FILE = Path(__file__).parent / "heaviest.txt"
SHOWN = 4.0  #: seconds; what takes less is not in that file
NEW = {"acceptance": 12.0, "crash": 12.0, "docs": 8.0, "integration": 8.0}  #: seconds for a file that is not in it
COST = 10.0  #: seconds of a long test that does not say otherwise


def drawn(costs, seconds, key):
    """Names of the long tests that run: `costs` has seconds by name, `seconds` is for all of them, `key` the commit.

    They are taken in an order that follows from the key while there is time for them. What costs more than there is
    time for has it alone, and as much more rarely: nothing is left out for ever, and no commit pays much more.
    """
    left, chosen = seconds, []
    for name in sorted(costs, key=lambda name: _number(key, name)):
        if costs[name] > seconds:
            if _number(name, key) < seconds / costs[name]:
                return [name]
        elif costs[name] <= left:
            left -= costs[name]
            chosen.append(name)
        else:
            break
    return chosen


def _number(*words):
    """From 0 to 1, the same for the same words."""
    return int.from_bytes(hashlib.sha256(" ".join(words).encode()).digest()[:8], "big") / 2**64


def rotated(names):
    """In an order that follows from the commit that is tested."""
    seed = os.environ.get("FAIRLEAD_SAMPLE", "")
    return sorted(names, key=lambda name: zlib.crc32(f"{seed}{name}".encode()))


def known():
    """Seconds by file, of those that take long."""
    lines = FILE.read_text().splitlines() if FILE.exists() else ()
    return {path: float(seconds) for seconds, path in map(str.split, lines)}


def heaviest_first(files):
    """The files in the order in which they begin."""
    seconds = known()

    def weight(file):
        return seconds.get(file, NEW.get(file.split("/")[1], 0.0) if "/" in file else 0.0)

    return sorted(files, key=lambda file: (-weight(file), file))


def write(spent):
    """Keep what a run has shown: seconds by file."""
    lines = (f"{seconds:.0f} {file}\n" for file, seconds in sorted(spent.items(), key=lambda one: (-one[1], one[0])))
    FILE.write_text("".join(line for line in lines if float(line.split()[0]) >= SHOWN))
