"""`python -m fairlead.static serve FOLDER --port PORT`, `… compress FOLDER`, `… copy FOLDER`, and `… identity`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(words: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m fairlead.static", description="Serve a folder of files.")
    parser.add_argument("what", choices=("serve", "compress", "copy", "identity"))
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8080, help="default: 8080")
    given = parser.parse_args(words)
    try:
        if given.what == "serve":
            return served(given.folder, given.host, given.port)
        return {"compress": compressed, "copy": copied, "identity": identified}[given.what](given.folder)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"{error.name} is not installed: pip install 'fairlead[static]'\n")
    except OSError as error:
        sys.stderr.write(f"{given.folder}: {error.strerror or error}\n")
    return 1


def compressed(folder: Path) -> int:
    """Once, when the files are built."""
    from fairlead.static.site import compress  # noqa: PLC0415 — what is missing is said above

    sys.stdout.write(f"{compress(folder.resolve(strict=True))} compressed files written\n")
    return 0


def copied(folder: Path) -> int:
    """What this server runs from, for a container."""
    from fairlead.static.parts import lay_out  # noqa: PLC0415

    lay_out(folder.resolve(strict=True))
    return 0


def identified(_: Path) -> int:
    """Of the server that `copy` copies: another one has another."""
    from fairlead.static.parts import identity  # noqa: PLC0415

    sys.stdout.write(identity() + "\n")
    return 0


def served(folder: Path, host: str, port: int) -> int:
    """Until it is told to end; requests that are open are answered first."""
    from fairlead.static.serving import Serving  # noqa: PLC0415
    from fairlead.static.site import Site  # noqa: PLC0415

    site = Site(folder)
    serving = Serving(site, host, port)
    sys.stdout.write(f"{len(site.files)} files of {folder} on http://{host}:{serving.ports[0]}\n")
    sys.stdout.flush()
    serving.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
