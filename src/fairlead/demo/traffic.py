"""The load generator: clients of every kind against one address, each request accounted for.

Standard library only, in a thread of its own, so that plain synchronous code (the demo, tests, benchmarks) can start
it, deploy something, and stop it:

    with Traffic("http://127.0.0.1:8080", Mix(get=4, websocket=2)) as traffic:
        deploy()
        report = traffic.stop()
    assert report.lost == 0

From a shell: `python -m fairlead.demo.traffic http://127.0.0.1:8080 --seconds 10 --json`.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import signal
import sys
import threading
from collections.abc import Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from fairlead.demo.clients import World, behaviours, run_http, run_websocket
from fairlead.demo.connection import Target
from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.report import Tally, TrafficReport
from fairlead.errors import FairleadError


class Traffic:
    """Clients that run from `start` to `stop`. A context manager: left without `stop`, it stops at once."""

    def __init__(self, url: str, mix: Mix | None = None, options: Options | None = None) -> None:
        """`url` is `http://name:port` or https; UsageError for anything else."""
        self._mix = mix or Mix()
        self._options = options or Options()
        self._target = Target.from_url(url, self._options.host, self._options.headers, self._options.trust)
        self._tally = Tally()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._wait: float | None = None
        self._error: BaseException | None = None

    def start(self) -> Traffic:
        """Start the clients; itself, for one-liners."""
        self._thread.start()
        self._ready.wait()
        return self

    def stop(self, wait: float | None = None) -> TrafficReport:
        """Send nothing new, wait for open requests, and report. May be called again.

        `wait` is the longest time to wait, in seconds; None: until each is answered or lost. A request still open
        after that counts as `unfinished`, neither answered nor lost.
        """
        if self._thread.is_alive() and self._loop and self._stopping:
            self._wait = wait
            self._call(self._stopping.set)
            self._thread.join()
        if self._error:
            raise self._error
        return self._tally.report()

    def snapshot(self) -> TrafficReport:
        """What was counted so far; the clients go on."""
        if self._error:
            raise self._error
        return self._tally.report()

    def __enter__(self) -> Traffic:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.stop(wait=0)
        else:  # what went wrong in the block is what the caller must see
            self._wait = 0
            self._call(self._stopping.set if self._stopping else lambda: None)
            self._thread.join()

    def _call(self, function: Any) -> None:
        try:
            if self._loop:
                self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            pass  # the loop has ended by itself in this very moment; its error, if any, is kept

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - outer boundary of the thread; raised again in the caller's
            self._error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._tally = Tally()  # time counts from here
        tasks = {asyncio.create_task(client) for client in self._clients(self._stopping)}
        stopper = asyncio.create_task(self._stopping.wait())
        self._ready.set()
        # A client ends before the stop only by a defect of its own: then the whole run is void.
        await asyncio.wait({stopper, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        early = {task for task in tasks if task.done()} if not self._stopping.is_set() else set()
        self._stopping.set()
        self._tally.stop()
        if tasks:
            await asyncio.wait(tasks, timeout=0 if early else self._wait)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result

    def _clients(self, stopping: asyncio.Event) -> list[Coroutine[Any, Any, None]]:
        world = World(self._target, self._options, self._tally, stopping)
        clients = [
            run_http(world, behaviour, number)
            for kind, behaviour in behaviours(self._mix, self._options).items()
            for number in range(getattr(self._mix, kind))
        ]
        return clients + [run_websocket(world, number) for number in range(self._mix.websocket)]


def lines(report: TrafficReport) -> list[str]:
    """The report for a person, one fact a line."""
    found = [
        f"{report.sent} requests in {report.seconds:.1f} s ({report.per_second:.0f}/s), {report.lost} lost",
        f"{report.app_errors} answered with 5xx by the application, {report.unfinished} unfinished",
        f"longest quick answer {report.longest_latency * 1000:.0f} ms, "
        f"longest time without a success {report.longest_gap * 1000:.0f} ms",
        f"WebSockets: {report.websocket.opened} opened, {report.websocket.messages} messages, "
        f"{sum(report.websocket.closed.values())} closed by the server, {report.websocket.cut} cut",
    ]
    found += [f"version {name or '?'}: {totals.answers} answers" for name, totals in report.versions.items()]
    return found + [f"lost: {loss.kind} {loss.method} {loss.path}: {loss.detail}" for loss in report.losses[:20]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a shell: 0 when nothing was lost or cut, 1 otherwise, 2 for a wrong command line."""
    given = _parser().parse_args(arguments)
    try:
        traffic = Traffic(given.url, _fields(Mix, given), _options(given))
    except FairleadError as error:
        sys.stderr.write(f"{error.message}\n\nhint: {error.hint}\n")
        return error.exit_code
    enough = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: enough.set())
    with traffic:
        enough.wait(given.seconds)
        report = traffic.stop()
    sys.stdout.write(json.dumps(report.to_data()) if given.json else "\n".join(lines(report)))
    sys.stdout.write("\n")
    return 1 if report.lost or report.websocket.cut else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m fairlead.demo.traffic", description="Send traffic, count what is lost")
    parser.add_argument("url", help="http://name:port or https://name:port")
    parser.add_argument(
        "--trust", type=Path, metavar="FILE", help="certificates (PEM) to trust instead of the system's"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how long new requests are sent (default 10)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    for field in dataclasses.fields(Mix):
        parser.add_argument(f"--{field.name}", type=int, default=field.default, metavar="N", help="clients")
    for field in dataclasses.fields(Paths):
        parser.add_argument(f"--{_flag(field.name)}-path", default=field.default, metavar="PATH")
    defaults = Options()
    for name in ("rate", "timeout", "slow_seconds", "stream_seconds", "app_header", "version_header", "host", "seed"):
        default = getattr(defaults, name)
        kind = type(default) if isinstance(default, (int, float)) else str
        parser.add_argument(f"--{_flag(name)}", type=kind, default=default)
    return parser


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _fields(kind: Any, given: argparse.Namespace, suffix: str = "") -> Any:
    return kind(**{field.name: getattr(given, field.name + suffix) for field in dataclasses.fields(kind)})


def _options(given: argparse.Namespace) -> Options:
    names = {field.name for field in dataclasses.fields(Options)} & set(vars(given))
    chosen = {name: getattr(given, name) for name in names}
    chosen["trust"] = given.trust.read_text() if given.trust else None
    chosen["app_header"] = given.app_header or None  # --app-header "" means there is none
    return Options(**chosen, paths=_fields(Paths, given, "_path"))


if __name__ == "__main__":
    sys.exit(main())
