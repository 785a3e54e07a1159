"""A Spring Boot project: pom.xml says what the jar is called and whether it can tell how it is."""

from __future__ import annotations

import re
from pathlib import Path

from fairlead.operations.guess.service import Guess

LARGEST = 200_000  #: characters
_BELOW = re.compile(r"<(parent|dependencies|dependencyManagement|build|profiles|modules|reporting)>.*?</\1>", re.S)
_NAMED = re.compile(r"[A-Za-z0-9._-]+")


def guess(root: Path) -> Guess | None:
    """The web service of the Maven project in `root`; None when there is no pom.xml with Spring Boot in it."""
    try:
        pom = (root / "pom.xml").read_text(errors="replace")[:LARGEST]
    except OSError:
        return None
    pom = re.sub(r"<!--.*?-->", "", pom, flags=re.S)
    if "spring-boot" not in pom:
        return None
    jar, said = _jar(pom)
    maven = "./mvnw" if (root / "mvnw").is_file() else "mvn"
    start = f"java -jar {jar}" if jar else "sh -c 'exec java -jar target/*.jar'"
    has_health = "spring-boot-starter-actuator" in pom
    health = "/actuator/health/readiness" if has_health else None
    because = (
        "Spring Boot in pom.xml",
        said,
        "health from the actuator" if has_health else "no spring-boot-starter-actuator: only the port is asked",
    )
    run = (f"{maven} -q -B -DskipTests package",)
    test = f"{maven} -q -B test"
    return Guess(start, run, (), health, ("target/",), test, because, {"SERVER_PORT": "${PORT}"}, 8080)


def _jar(pom: str) -> tuple[str | None, str]:
    """The jar that `package` makes."""
    own = _BELOW.sub("", pom)
    final = re.search(r"<finalName>([^<]+)</finalName>", pom)
    artifact, version = (re.search(rf"<{key}>([^<]+)</{key}>", own) for key in ("artifactId", "version"))
    name = final[1].strip() if final else f"{artifact[1].strip()}-{version[1].strip()}" if artifact and version else ""
    if _NAMED.fullmatch(name):
        return f"target/{name}.jar", f"the jar is target/{name}.jar"
    return None, "what the jar is called depends on properties: the one in target/ is started"
