"""Modules that take long to import and that few tests need: every worker collects every file, but runs only some."""

import importlib


class Late:
    """The module of that name, imported when something of it is used."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("_") or name == "pytestmark":  # pytest asks everything in a file whether it is a fixture
            raise AttributeError(name)
        return getattr(importlib.import_module(self._name), name)
