"""`security` and `logs`: what a container may do, and how much of what a service says is kept."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from fairlead.project.sections import Flag, Section, Size, count_or_off, text_like, whole

_Capability = Annotated[str, text_like("a capability such as NET_BIND_SERVICE, or ALL", r"[A-Z][A-Z_]{1,40}")]
_Folder = Annotated[str, text_like("a folder of the container such as /tmp", r"/[A-Za-z0-9._/-]{1,200}")]


class Security(Section):
    """`security`: what a container may do. As little as it gets on with, unless the file says more."""

    words: ClassVar[dict[str, dict[str, Any]]] = {
        "off": {
            "root": True, "read_only": False, "tmpfs": [], "cap_drop": [], "no_new_privileges": False, "pids": "off",
            "init": False,
        }
    }  # fmt: skip
    what: ClassVar[str] = "off, or a mapping"

    root: Flag = False
    read_only: Flag = True
    tmpfs: tuple[_Folder, ...] = ("/tmp", "/run")  # noqa: S108 — folders of the container, in memory
    cap_add: tuple[_Capability, ...] = ()
    cap_drop: tuple[_Capability, ...] = ("ALL",)
    no_new_privileges: Flag = True
    pids: Annotated[int, count_or_off(1_000_000)] = 512
    init: Flag = True


class Logs(Section):
    """`logs`: how much of what it says is kept."""

    size: Size = 10 << 20
    files: Annotated[int, whole(1, 1000)] = 3
