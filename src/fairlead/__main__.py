"""`fairlead` and `python -m fairlead`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line. `--version` alone is answered before anything is imported."""
    if sys.argv[1:] == ["--version"]:
        from fairlead import __version__  # noqa: PLC0415

        sys.stdout.write(f"fairlead {__version__}\n")
        return
    gc.set_threshold(100_000, 20, 20)  # importing makes no garbage, but much to look through: a tenth of the time
    from fairlead import classes  # noqa: PLC0415 — start-up is part of the product

    classes.install()
    from fairlead.cli.main import run  # noqa: PLC0415

    try:
        run()
    finally:
        gc.freeze()  # the last collection at exit would look through all of it once more


if __name__ == "__main__":
    main()
