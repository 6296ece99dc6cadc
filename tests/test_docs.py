"""The documentation says what the code does."""

import importlib.util
import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ven.hooks
import vtn.hooks
from runtime.plugins import GROUP
from runtime.settings import check
from vtn.config import Settings
from vtn.server import Server

DOCS = Path(__file__).parents[1] / "docs"
HANDLERS = (DOCS / "howto" / "handlers.md").read_text(encoding="utf-8")
TESTING = (DOCS / "howto" / "test-your-handlers.md").read_text(encoding="utf-8")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE = generator()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("name", MADE.PAGES)
def test_generated_pages_are_those_of_this_code(name: str) -> None:
    written = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert written == MADE.PAGES[name](), "run: python docs/make_reference.py"


def test_every_hook_is_described_with_its_default() -> None:
    text = (DOCS / "reference" / "hooks.md").read_text(encoding="utf-8")
    for hook in (*vtn.hooks.HOOKS, *ven.hooks.HOOKS):
        assert f"#### `{hook.name}`" in text
    for module in (vtn.hooks, ven.hooks):
        for name, cls in MADE.classes(module):
            if not name.endswith("Handler"):
                for attribute in getattr(cls, "__dataclass_fields__", {}):
                    assert attribute in MADE.attributes(cls), f"{name}.{attribute}"


def test_every_key_of_the_configuration_is_described_with_its_default() -> None:
    text = (DOCS / "reference" / "vtn-configuration.md").read_text(encoding="utf-8")
    for model in models(Settings):
        for name, field in MADE.fields_of(model).items():
            if MADE.section_of(field) is None:
                row = rf"^\| `{name}` \| {re.escape(MADE.default_of(field))} \| \S.* \|$"
                assert re.search(row, text, re.MULTILINE), f"{model.__name__}.{name}"


def models(model: type) -> list[type]:
    inner = [
        found
        for field in MADE.fields_of(model).values()
        if (found := MADE.section_of(field) or MADE.entry_of(field)) is not None
    ]
    return [model, *(each for one in inner for each in models(one))]


def test_every_command_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    for command in ("vtn event create", "vtn ven enrol", "ven run", "oadr-certs doctor"):
        assert f"### `{command}`\n" in text


def test_every_bundled_handler_is_in_the_how_to() -> None:
    names = [point.name for point in entry_points(group=GROUP)]
    assert {"allow-list", "open-enrolment", "store", "csv", "outbox", "queue"} <= set(names)
    for point in entry_points(group=GROUP):
        if point.value.startswith("handlers."):
            assert f"`{point.name}`" in HANDLERS, point.name


@pytest.mark.parametrize("text", blocks(HANDLERS, "toml"))
def test_the_configurations_of_the_how_to_are_valid(text: str) -> None:
    check({"vtn_id": "north-grid"} | tomllib.loads(text), Settings)


async def test_the_handler_of_the_how_to_works_and_so_does_its_test() -> None:
    names: dict[str, Any] = {}
    samples = blocks(HANDLERS, "python")
    handler = next(text for text in samples if "class FeederLimit" in text)
    proof = next(text for text in samples if "test_refuses_when_full" in text)
    for text in (handler, proof):
        exec(compile(text, "handlers.md", "exec"), names)
    await names["test_refuses_when_full"]()
    assert names["FeederLimit"].from_config({"rooms": 3}).rooms == 3


def test_the_other_samples_of_the_how_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vtn.toml").write_text('vtn_id = "x"\n[http]\nhost = "127.0.0.1"\nplain = true\n')
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for text in blocks(HANDLERS, "python"):
        exec(compile(text, "handlers.md", "exec"), names)
    assert isinstance(names["server"], Server)


@pytest.mark.parametrize("name", re.findall(r"async def (test_\w+)", TESTING))
async def test_the_tests_of_the_how_to_pass(name: str) -> None:
    names: dict[str, Any] = {}
    for text in blocks(TESTING, "python"):
        exec(compile(text, "test-your-handlers.md", "exec"), names)
    await names[name]()


def test_links_of_the_documentation_lead_somewhere() -> None:
    for page in DOCS.rglob("*.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_ven_of_the_readme_is_the_example() -> None:
    root = DOCS.parent
    example = (root / "examples" / "building_controller.py").read_text(encoding="utf-8").rstrip()
    assert example in (root / "README.md").read_text(encoding="utf-8")
