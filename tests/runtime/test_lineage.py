"""A class that becomes a descendant of another one which may not have been loaded."""

import sys
from types import ModuleType

import pytest

from runtime.lineage import Descendant


class Own:
    def run(self) -> str:
        return "ours"


class Late(Own, Descendant):
    _ancestor = ("late_ancestor", "Theirs")


class Later(Late):
    pass


class Theirs:
    def run(self) -> str:
        return "theirs"

    def only_theirs(self) -> str:
        return "theirs"


def test_it_is_no_instance_of_a_class_that_it_does_not_name() -> None:
    assert not isinstance(Late(), int)
    assert isinstance(Late(), Own)
    assert Late().__class__ is Late


def test_it_is_an_instance_as_soon_as_the_class_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Later()
    assert not isinstance(before, Theirs)
    module = ModuleType("late_ancestor")
    module.Theirs = Theirs  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "late_ancestor", module)
    assert isinstance(before, Theirs)
    assert isinstance(Later(), Theirs)
    assert isinstance(Late(), Theirs)
    assert before.__class__ is Later


def test_its_own_methods_come_first() -> None:
    assert Late().run() == "ours"
