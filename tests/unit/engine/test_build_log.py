"""What a build says, read."""

from pathlib import Path

import pytest

from fairlead.engine.build_log import BuildLog, is_noise
from fairlead.engine.building import BuildOrder
from fairlead.engine.buildkit import arguments, with_logins
from fairlead.engine.login import Login
from fairlead.masking import Secret

CLASSIC = """\
Step 1/3 : FROM debian:12-slim
 ---> 5459d3826ed4
Step 2/3 : RUN make all
 ---> Running in 7bca2f425a7f
cc -c main.c
main.c:1: error
Removing intermediate container 7bca2f425a7f
"""
KIT = """\
#1 [internal] load build definition from Dockerfile
#1 sha256:b06a64455bbffbbbc7ff7410e3aeeff25043f2300d8e6ac5e50f3979dff1684e
#1 DONE 0.0s

#4 [build 1/4] FROM docker.io/library/debian:12-slim
#4 CACHED

#5 [web 1/2] RUN npm ci
#6 [build 2/4] RUN make all
#5 0.211 added 7 packages
#6 0.244 cc -c main.c
#6 0.311 main.c:1: error
#6 ERROR: process "/bin/sh -c make all" did not complete successfully: exit code: 2
#5 CANCELED
------
 > [build 2/4] RUN make all:
0.244 cc -c main.c
------
ERROR: failed to solve: process "/bin/sh -c make all" did not complete successfully: exit code: 2
"""


@pytest.mark.parametrize(
    ("text", "step", "error"),
    [
        (CLASSIC, "2/3 RUN make all", "The command '/bin/sh -c make all' returned a non-zero code: 2"),
        (KIT, "[build 2/4] RUN make all", 'process "/bin/sh -c make all" did not complete successfully: exit code: 2'),
    ],
)
def test_the_step_that_failed(text, step, error):
    log = BuildLog()
    for line in text.splitlines():
        log.add(line)
    log.fail("The command '/bin/sh -c make all' returned a non-zero code: 2")
    assert (log.step, log.error) == (step, error)
    assert log.last_lines() == ["cc -c main.c", "main.c:1: error"]


@pytest.mark.parametrize(
    "line",
    [
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 1",
        "ERROR: failed to solve: dockerfile parse error line 1",
    ],
)
def test_what_failed_before_the_first_step(line):
    log = BuildLog()
    for each in ("#1 [internal] load build definition from Dockerfile", "#1 DONE 0.0s", line):
        log.add(each)
    log.fail("docker exited with 1")
    assert (log.step, log.error) == ("", "dockerfile parse error line 1")


def test_what_is_nothing_for_a_person():
    assert is_noise("#5 sha256:323c68504eaf384eeb421a1cbdc9edd47b58bb8b158ad2ded443ad1fa8cbf134") and is_noise(" ")
    assert not is_noise("#5 0.2 sha256:1 is a hash")


def test_the_command_is_told_no_value():
    order = BuildOrder(
        item="api", context=None, name="x:1", dockerfile="d/Dockerfile", target="last", args={"A": "b c"},
        labels={"l": "v"}, platform="linux/arm64", secrets={"TOKEN": Secret("a-value-of-its-own")}, fresh=True,
    )  # fmt: skip
    words = arguments(order, {"TOKEN": Path("/dev/shm/x/secret-TOKEN")})
    assert " ".join(words) == (
        "--file d/Dockerfile --tag x:1 --progress plain --target last --platform linux/arm64 --build-arg A=b c "
        "--label l=v --secret id=TOKEN,src=/dev/shm/x/secret-TOKEN --no-cache --pull"
    )


def test_our_login_is_asked_for_before_a_helper():
    """A helper that is named for all registries would be asked first."""
    kept = {"credsStore": "desktop", "auths": {"ghcr.io": {}}, "credHelpers": {"gcr.io": "gcloud"}, "proxies": {}}
    made = with_logins(kept, {"r.example.com": Login("r.example.com", "bot", Secret("geheim-1"))})
    assert made["auths"] == {"ghcr.io": {}, "r.example.com": {"auth": "Ym90OmdlaGVpbS0x"}}
    assert made["credHelpers"] == {"gcr.io": "gcloud", "r.example.com": ""}
    assert (made["credsStore"], made["proxies"]) == ("desktop", {})
    hub = with_logins({}, {"docker.io": Login("docker.io", "bot", Secret("geheim-1"))})
    assert list(hub["auths"]) == ["https://index.docker.io/v1/"]
