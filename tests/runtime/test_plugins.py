from pathlib import Path

import pytest

from runtime.errors import ConfigError
from runtime.plugins import build, load
from runtime.settings import Section, check


class Plain:
    pass


class Configured:
    def __init__(self, size: int) -> None:
        self.size = size

    @classmethod
    def from_config(cls, section: dict[str, object]) -> "Configured":
        return cls(int(str(section["size"])))


READY = Plain()
HERE = __name__


def test_a_name_with_a_colon_is_a_module_and_an_attribute() -> None:
    assert load(f"{HERE}:Plain", key="handlers") is Plain


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("no_such_module:x", "cannot import 'no_such_module'"),
        (f"{HERE}:nothing", r"test_plugins\.py has no 'nothing'"),
        ("no-such-entry-point", "is not installed; known:"),
        (":x", "names no module; expected module:attr"),
        (".test_plugins:Plain", "names no module; expected module:attr"),
        ("sys:nothing", "sys has no 'nothing'"),
        ("__main__.nothing:x", "cannot import '__main__.nothing'"),
    ],
)
def test_what_cannot_be_loaded_is_an_error_that_names_the_key(name: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        load(name, key="reports.handlers")
    assert caught.value.key == "reports.handlers"


def test_a_module_that_fails_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_typed.py").write_text("def on_poll(:\n")
    (tmp_path / "unlucky.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"half_typed\.py\): SyntaxError"):
        load("half_typed:x", key="k")
    with pytest.raises(ConfigError, match=r"unlucky\.py\): ZeroDivisionError"):
        load("unlucky:x", key="k")


def test_a_class_is_built_from_its_section() -> None:
    assert build(f"{HERE}:Configured", {"size": 3}, key="k", settings="s").size == 3
    assert isinstance(build(f"{HERE}:Plain", {}, key="k", settings="s"), Plain)
    assert build(f"{HERE}:READY", {}, key="k", settings="s") is READY


@pytest.mark.parametrize("section", [{}, {"size": "many"}])
def test_a_section_that_is_refused_is_a_configuration_error(section: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="refuses its settings"):
        build(f"{HERE}:Configured", section, key="k", settings="s")


class Sized(Section):
    size: int


class Checked:
    @classmethod
    def from_config(cls, section: dict[str, object]) -> Sized:
        return check(section, Sized)


def test_an_unknown_key_is_named_with_its_place_in_the_whole_configuration() -> None:
    with pytest.raises(ConfigError) as caught:
        build(f"{HERE}:Checked", {"size": 1, "sise": 2}, key="handlers.0", settings="policy")
    assert str(caught.value) == "policy.sise: this key is not known"
