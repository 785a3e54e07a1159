"""The program that receives the log of a store: `python -m fairlead.server.receiver PROJECT ENVIRONMENT STORE`.

It is a process of its own under the environment's supervisord, and shares nothing with the keeper: it lives as long as
its store, with threads of its libraries in it, which no fork of another process would bear.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from fairlead.backups.catalogue import Owner
from fairlead.backups.claim import Claimed
from fairlead.backups.destinations.table import Target, destination_of
from fairlead.backups.engines.pgbackrest.watcher import Watcher
from fairlead.backups.physical.archive import Archive
from fairlead.backups.physical.receiver import Receiver
from fairlead.masking import Secret
from fairlead.operations.backups.arrangement import claim_of, spool_of
from fairlead.operations.backups.receiving import server_kept, streaming_of
from fairlead.operations.backups.streams import TOLD
from fairlead.secrets.sops.wrapping import recipient
from fairlead.server.verdict import say
from fairlead.system.files import read_json
from fairlead.system.home import Place


def main(project: str, environment: str, store: str) -> None:
    """Until it is told to end. SIGUSR1 has it carry away at once what is there."""
    place = Place.of(project, environment)
    said = read_json(place.backups / store / TOLD)
    if not said:
        return
    told: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        told.append(number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    hurried: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: hurried.append(number))

    def hurry() -> bool:
        asked = bool(hurried)
        hurried.clear()
        return asked

    where, owner = destination_of(_target(said)), Owner(project, environment, store)
    archive = Archive(Claimed(where, claim_of(place, owner, where)), owner, cipher=said.get("encryption", "age"))
    if said["engine"] == "pgbackrest":
        say(f"watching how far the log of {store} is taken")
        Watcher(lambda: server_kept(place, said["runtime"], store), archive, lambda: bool(told), say, hurry).run()
        return
    keys = [recipient(one) for one in said["recipients"]]
    one = Receiver(
        lambda: server_kept(place, said["runtime"], store), archive, keys, spool_of(place, store), lambda: bool(told),
        say, said["sync"], streaming_of(place, said["runtime"], store), hurry=hurry, most=said.get("spool"),
        note=lambda kind, reason: _note(place, store, kind, reason),
    )  # fmt: skip
    say(f"receiving the log of {store}")
    one.run()


def _note(place: Place, store: str, kind: str, reason: str) -> None:
    from fairlead.ledger import Ledger  # noqa: PLC0415 — hardly ever

    with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
        ledger.append(kind, {"store": store, "reason": reason})


def _target(said: dict[str, Any]) -> Target:
    access, secret = (Secret(said[key]) if said[key] else None for key in ("access", "secret"))
    return Target(said["to"], said["endpoint"], said["region"], access, secret, said["ca"])


if __name__ == "__main__":
    main(*sys.argv[1:])
