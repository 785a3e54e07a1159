"""Writes numbered lines for ever, one every PAUSE seconds; argv[1:] are noted in the first line."""

import itertools
import os
import sys
import time

print("arguments", sys.argv[1:], flush=True)
for number in itertools.count():
    print(f"line {number:08d} {'x' * 60}", flush=True)
    time.sleep(float(os.environ.get("PAUSE", "0.02")))
