"""No core file of a process that has read secrets; what it starts may ask for one again."""

import os
import resource
import subprocess
import sys

import pytest

SHOWS = """
import resource, subprocess, sys
from fairlead.system.core_dumps import close_memory, forbid_core_dumps
resource.setrlimit(resource.RLIMIT_CORE, (4096, 8192))
forbid_core_dumps()
print(*resource.getrlimit(resource.RLIMIT_CORE))
raised = "import resource; resource.setrlimit(resource.RLIMIT_CORE, (8192, 8192)); print('raised')"
subprocess.run([sys.executable, "-c", raised], check=True)
close_memory()
"""


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_CORE)[1] in range(8192), reason="core files are forbidden here")
def test_the_limit_is_soft():
    done = subprocess.run([sys.executable, "-c", SHOWS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "8192", "raised"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl(2) is of Linux")
def test_memory_is_closed_with_the_first_secret_and_open_again_in_what_is_started():
    code = (
        "import ctypes, subprocess, sys\n"
        "from fairlead.masking import Secret\nfrom fairlead.masking.known import at_first\n"
        "from fairlead.system.core_dumps import close_memory\n"
        "at_first(close_memory)\n"
        "dumpable = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)\n"
        "before = dumpable(); Secret('Fq7_wheel-house'); after = dumpable()\n"
        "child = 'import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))'\n"
        "print(before, after, flush=True); subprocess.run([sys.executable, '-c', child])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout.split() == ["1", "0", "1"]
