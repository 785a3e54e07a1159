"""What all processes of a run make of files before a test begins: on a clean clone each of them makes a part of it.

They begin together and go through the same files in the same order, so each would make all of it: modules compiled,
assertions of tests as pytest has them, and the constants that Hypothesis takes from what it tests.
"""

import importlib.util
import py_compile
from pathlib import Path
from types import ModuleType

from _pytest.assertion import rewrite
from hypothesis.internal.constants_ast import constants_from_module

ROOT = Path(__file__).parent.parent
NO_MODULES = "project/app"  # what the demo deploys: a folder of somebody's, in which nothing must appear


def make_part(config, number, count):
    """Every `count`th file from `number` on, where nothing is made of it yet."""
    state = config.stash.get(rewrite.assertstate_key, None)
    if state is None:
        return  # assertions stay as they are written
    tests, sources = ROOT / "tests", ROOT / "src" / "fairlead"
    asserting = [path for pattern in ("test_*.py", "conftest.py") for path in tests.rglob(pattern)]
    for path in sorted(asserting)[number::count]:
        place = rewrite.get_cache_dir(path) / f"{path.stem}{rewrite.PYC_TAIL}"
        if not place.exists() and rewrite.try_makedirs(place.parent):
            known_as, code = rewrite._rewrite_test(path, config)
            rewrite._write_pyc(state, code, known_as, place)
            _constants(path)
    for path in sorted(sources.rglob("*.py"))[number::count]:
        if NO_MODULES not in path.as_posix() and not Path(importlib.util.cache_from_source(path)).exists():
            py_compile.compile(path, doraise=False, quiet=2)
            _constants(path)


def _constants(path):
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    constants_from_module(module)
