"""Which line of a Dockerfile runs something on the platform that it is built for."""

import pytest

from fairlead.engine.dockerfile import emulated_line, fixed_platform

STAGES = """\
# a comment
FROM --platform=$BUILDPLATFORM node:20 AS made
RUN npm ci
FROM debian AS tests
RUN make test
FROM scratch AS last
COPY --from=made /dist /dist
"""


@pytest.mark.parametrize(
    ("text", "target", "line"),
    [
        ("FROM scratch\nCOPY . .\n", None, 0),
        ("FROM a\nRUN b\n", None, 2),
        ("from a\n\n# RUN x\nrun b\n", None, 4),
        (STAGES, None, 0),
        (STAGES, "tests", 5),
        (STAGES, "MADE", 0),
        (STAGES, "1", 5),
        ("FROM a AS b\nRUN c\nFROM b\nCOPY x y\n", None, 2),
        ("FROM a AS b\nRUN c\nFROM d\nRUN --mount=type=bind,from=b,target=/x e\n", None, 2),
        ("FROM --platform=${BUILDPLATFORM} a AS b\nRUN c\nFROM b\nRUN d\n", None, 0),
        ("FROM --platform=$TARGETPLATFORM a\nRUN d\n", None, 2),
        ("FROM a\nCOPY <<EOF /x\nRUN not this\nEOF\nLABEL a=\\\n  RUN\n", None, 0),
        ("# escape=`\nFROM a\nENV A=`\nRUN\n", None, 0),
        ("FROM a\nLABEL b=1 \\\n# RUN c\n  d=2\nRUN e\n", None, 5),
        ("FROM a\nLABEL b=1 \\", None, 0),
        ("FROM a\nRUN b\nFROM c\nCOPY . .\n", None, 0),
        ("FROM --platform=$BUILDPLATFORM a\nRUN b\nFROM c\nRUN d\nCOPY --from=0 x y\n", None, 4),
        ("", None, 0),
    ],
)
def test_the_line(text, target, line):
    assert emulated_line(text, target) == line


@pytest.mark.parametrize(
    ("text", "target", "fixed"),
    [
        ("FROM a\n", None, (0, "")),
        ("FROM --platform=linux/arm64 a\n", None, (1, "linux/arm64")),
        ("FROM --platform=linux/arm64 a AS b\nFROM b\nRUN c\n", None, (1, "linux/arm64")),
        ("FROM --platform=linux/arm64 a AS b\nFROM c\nCOPY --from=b x y\n", None, (0, "")),
        ("FROM --platform=linux/arm64 a AS b\nFROM c\n", "b", (1, "linux/arm64")),
        ("FROM --platform=$TARGETPLATFORM a\n", None, (0, "")),
        ("FROM --platform=$BUILDPLATFORM a\n", None, (1, "$BUILDPLATFORM")),
        ("FROM --platform=linux/${ARCH} a\n", None, (0, "")),
        ("FROM b AS b\n", None, (0, "")),
        ("", None, (0, "")),
    ],
)
def test_a_stage_of_a_platform_of_its_own(text, target, fixed):
    assert fixed_platform(text, target) == fixed
