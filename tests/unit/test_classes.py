"""Dataclasses as the programs have them do what those of Python do."""

import copy
import dataclasses
import json
import os
import pickle
import pkgutil
import re
import subprocess
import sys
from dataclasses import InitVar, field
from typing import ClassVar

import pytest

import fairlead
from fairlead import classes

DUMP = """\
import dataclasses, importlib, inspect, json, sys

def dump(names):
    found = {}
    for name in names:
        module = importlib.import_module(name)
        for one in vars(module).values():
            if isinstance(one, type) and dataclasses.is_dataclass(one) and one.__module__ == name:
                made = "begin" in one.__init__.__qualname__
                if made:
                    try:
                        one.__init__(None)
                    except Exception:
                        pass  # the initialiser is there now
                own = [word for word in ("__eq__", "__repr__", "__setattr__", "__getstate__") if word in vars(one)]
                found[f"{name}.{one.__qualname__}"] = [
                    str(one.__dataclass_params__), repr(dataclasses.fields(one)), str(inspect.signature(one)),
                    one.__match_args__, getattr(one, "__slots__", None), one.__hash__ is None, own,
                ]
                if made:
                    found[""] = found.get("", 0) + 1
    return found

names = json.load(sys.stdin)
real = dump(names)
for name in [name for name in sys.modules if name.partition(".")[0] == "fairlead"]:
    del sys.modules[name]  # of what others have made nothing is different the second time
from fairlead import classes
classes.install()
print(json.dumps([dump(names), real]))
"""


def test_each_of_ours_is_what_it_would_be():
    """All that there are, made in both ways."""
    skipped = ("fairlead.__main__", "fairlead.demo.project")
    names = [one.name for one in pkgutil.walk_packages(fairlead.__path__, "fairlead.")]
    names = [name for name in names if not name.startswith(skipped)]
    argv, env = [sys.executable, "-c", DUMP], os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(argv, input=json.dumps(names), env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    quick, real = json.loads(re.sub(" at 0x[0-9a-f]+", "", done.stdout))
    assert "" not in real
    assert quick.pop("") > len(real) * 0.8, "most are made the quick way"
    assert {name: said for name, said in quick.items() if said != real[name]} == {}
    assert quick.keys() == real.keys()


class Spot:
    x: int
    y: list = field(default_factory=list)
    z: int = field(default=3, compare=False)
    hidden: str = field(default="", repr=False)
    where: ClassVar[int] = 7

    def double(self):
        return self.x * 2


class Begun:
    x: int
    twice: InitVar[int]
    sum: int = 0

    def __post_init__(self, twice):
        object.__setattr__(self, "sum", self.x + 2 * twice)


def both(cls, **how):
    """The class made by Python and by us."""
    pair = []
    for make in (classes.real, classes.dataclass):
        names = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
        names |= {"__module__": "fairlead.somewhere"}
        pair.append(make(**how)(type(cls.__name__, (), names)))
    assert "begin" in pair[1].__init__.__qualname__, "it is one of ours"
    return pair


HOWS = [dict(frozen=frozen, slots=slots, kw_only=only) for frozen in (0, 1) for slots in (0, 1) for only in (0, 1)]


def does(cls):
    """What can be seen of a class and what is made of it."""
    one, same, other = cls(x=1, y=[2]), cls(x=1, y=[2], z=9), cls(x=2, y=[2], hidden="h")
    said = [repr(one), one == same, one == other, one != other, one == (1, [2]), one.double(), one.where, cls(x=1).y]
    said += [repr(copy.copy(other)), repr(copy.deepcopy(other)), copy.deepcopy(other).hidden]
    said += [repr(dataclasses.replace(one, x=5)), dataclasses.asdict(one), cls.__match_args__]
    said += [str(cls.__dataclass_params__), failing(lambda: hash(cls(x=1))), failing(lambda: cls(1, [2]).z)]
    said += [failing(cls), failing(lambda: cls(x=1, nobody=2)), failing(lambda: setattr(one, "x", 3)), one.x]
    said += [failing(lambda: delattr(one, "x")), failing(lambda: one.x), hasattr(one, "__dict__")]
    if hasattr(one, "__dict__"):  # in the other case Python itself trips over the class that had no slots
        said += [failing(lambda: setattr(one, "new", 3)), failing(lambda: delattr(same, "new"))]
    return said


def failing(act):
    try:
        return act()
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("how", HOWS, ids=str)
def test_it_does_the_same(how):
    real, ours = both(Spot, **{name: bool(value) for name, value in how.items()})
    assert does(ours) == does(real)


@pytest.mark.parametrize("frozen", [False, True])
def test_what_is_done_after_the_initialiser_is_done(frozen):
    real, ours = both(Begun, frozen=frozen)
    assert repr(ours(1, 2)) == repr(real(1, 2)) == "Begun(x=1, sum=5)"


def test_it_has_the_same_hash_as_its_equal():
    _, ours = both(Begun, frozen=True)
    assert {ours(1, 2): "found"}[ours(1, 2)] == "found"


def test_one_that_holds_itself_can_be_said():
    _, ours = both(Spot)
    one = ours(1)
    one.y.append(one)
    assert repr(one) == "Spot(x=1, y=[...], z=3)"


def test_classes_below_it_are_made_by_python():
    """They have its fields, and the initialiser of each is its own, whichever is called first."""
    _, ours = both(Spot, frozen=True, slots=True)
    below = classes.dataclass(frozen=True)(
        type("Below", (ours,), {"__annotations__": {"more": int}, "more": 4, "__module__": "fairlead.somewhere"})
    )
    assert (below(1).more, below(1, z=5).z, ours(1).z) == (4, 5, 3)
    with pytest.raises(TypeError):
        classes.dataclass(type("Below", (ours,), {"__module__": "fairlead.somewhere"}))


def test_one_of_a_class_below_that_is_no_dataclass_is_made():
    _, ours = both(Spot, frozen=True)
    below = type("Below", (ours,), {})
    one = below(1)
    one.new = 2
    assert (one.new, one.x, type(one) is below, repr(one)) == (2, 1, True, "Below(x=1, y=[], z=3)")


def test_libraries_have_theirs_as_it_was():
    made = classes.dataclass(frozen=True)(type("Theirs", (), {"__annotations__": {"x": int}, "__module__": "other"}))
    assert "begin" not in made.__init__.__qualname__


def test_pickled_it_comes_back(monkeypatch):
    _, ours = both(Spot, frozen=True, slots=True)
    monkeypatch.setitem(sys.modules, "fairlead.somewhere", type(sys)("fairlead.somewhere"))
    sys.modules["fairlead.somewhere"].Spot = ours
    assert pickle.loads(pickle.dumps(ours(1, [2], hidden="h"))) == ours(1, [2], hidden="h")


@pytest.mark.parametrize("cls", [Spot, Begun])
def test_initialisers_can_be_there_before_the_first_call(cls):
    real, ours = both(cls, frozen=True)
    classes.finish([ours, real, cls, 7])
    assert "begin" not in ours.__init__.__qualname__
    assert repr(ours(1, 2)) == repr(real(1, 2))
