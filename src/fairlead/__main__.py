"""`fairlead` and `python -m fairlead`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. `--version` alone is answered before anything is imported."""
    if sys.argv[1:] == ["--version"]:
        from fairlead import __version__  # noqa: PLC0415

        sys.stdout.write(f"fairlead {__version__}\n")
        return
    from fairlead.cli.main import run  # noqa: PLC0415 — start-up is part of the product

    run()


if __name__ == "__main__":
    main()
