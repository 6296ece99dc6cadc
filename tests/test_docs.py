"""The documentation says what the code does."""

import importlib.util
import inspect
import re
import tomllib
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import ven.hooks
import vtn.hooks
from oadr.messages import CreatedEvent, EventResponse
from oadr.report import Reading
from runtime.hooks import Registry
from runtime.plugins import GROUP
from runtime.settings import check
from runtime.trace import Traffic
from tests.ven.scripted import NOW, event
from tests.ven.scripted import World as Building
from ven.client import Client
from ven.watching import TRACES
from vtn.config import Settings
from vtn.server import Server
from vtn.testing import joined

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


@pytest.mark.parametrize("module", [vtn.hooks, ven.hooks], ids=lambda module: module.__name__)
def test_every_method_of_a_hook_class_is_a_hook_that_says_what_it_is_for(
    module: ModuleType,
) -> None:
    known = {hook.name: hook for hook in module.HOOKS}
    found: list[str] = []
    for name, cls in MADE.classes(module):
        if name.endswith("Handler"):
            methods = {key: one for key, one in vars(cls).items() if key[0] != "_"}
            found += methods
            for key, method in methods.items():
                assert key in known, f"{name}.{key} is not in HOOKS, so nobody calls it"
                assert inspect.getdoc(method), f"{name}.{key} is not described"
                parameters = tuple(inspect.signature(method).parameters)[1:]
                assert parameters == known[key].parameters, f"{name}.{key}"
    assert sorted(found) == sorted(known), "a hook is in no class, or in two"


def test_middleware_and_traces_are_described_for_both_parties() -> None:
    text = (DOCS / "reference" / "hooks.md").read_text(encoding="utf-8")
    for name in ("add_middleware", "add_trace"):
        assert f"`{name}`" in text
        assert f".{name}(" in HANDLERS
        assert callable(getattr(Server, name))
        assert callable(getattr(Client, name))
    for field in fields(Traffic):
        assert f"| `{field.name}` |" in text
    for moment in TRACES:
        assert f"- `{moment}`\n" in text


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
    settings = check({"vtn_id": "north-grid"} | tomllib.loads(text), Settings)
    Registry(vtn.hooks.HOOKS, time_limits=dict.fromkeys(settings.time_limits, 1.0))


async def test_the_handler_of_the_how_to_works_and_so_does_its_test() -> None:
    names: dict[str, Any] = {}
    samples = blocks(HANDLERS, "python")
    handler = next(text for text in samples if "class FeederLimit" in text)
    proof = next(text for text in samples if "test_refuses_when_full" in text)
    for text in (handler, proof):
        exec(compile(text, "handlers.md", "exec"), names)
    await names["test_refuses_when_full"]()
    assert names["FeederLimit"].from_config({"rooms": 3}).rooms == 3


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Everything that the samples of the how-to define, run in their order."""
    (tmp_path / "vtn.toml").write_text('vtn_id = "x"\n[http]\nhost = "127.0.0.1"\nplain = true\n')
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for text in blocks(HANDLERS, "python"):
        exec(compile(text, "handlers.md", "exec"), names)
    return names


def test_the_other_samples_of_the_how_to_run(samples: dict[str, Any]) -> None:
    assert isinstance(samples["server"], Server)
    assert isinstance(samples["ven"], Client)


async def test_the_middleware_and_the_trace_of_the_how_to_do_what_they_say(
    samples: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    middleware = samples["Maintenance"]()
    async with joined() as world:
        await world.operator.enrol("school-7", now=world.clock.now())
        world.server.add_middleware(middleware)
        world.server.add_trace(samples["show"])
        assert (await world.ven.register("school-7")).code == 200
        middleware.on = True
        assert (await world.ven.register("school-7")).code == 469
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in shown] == ["in", "out", "in", "out"]
    assert {line[1] for line in shown} == {"EiRegisterParty"}


async def test_work_after_the_reply_is_done_as_the_how_to_does_it(samples: dict[str, Any]) -> None:
    handler = samples["Publish"]()
    point = Reading(r_id="main", start=NOW, duration=timedelta(minutes=1), value=Decimal(5))
    update = vtn.hooks.Update(
        report_request_id="r", specifier_id="s", report_name="TELEMETRY_USAGE", readings=(point,)
    )
    later: list[Any] = []
    await handler.on_update_report(
        update, SimpleNamespace(ven_name="ven", after_reply=later.append)
    )
    await later[0]
    assert handler.newest == {"ven": "5"}


async def test_the_ven_of_the_how_to_takes_part_once_a_day_and_in_known_programmes_only(
    tmp_path: Path, samples: dict[str, Any]
) -> None:
    world = Building(str(tmp_path / "ven.db"))
    client = world.ven()
    client.add_handler(samples["NotTwice"]())
    client.add_middleware(samples["known_programmes"])
    await world.start(client)
    known = [event("e1"), event("e2")]
    for events in (known, [event("e3", market_context="http://other.example")]):
        world.vtn.distribute(*events)
        await world.pass_time(timedelta(seconds=10))
    told = [(one.event_id, one.code, one.opt_type) for one in answers(world)]
    assert told == [("e1", 200, "optIn"), ("e2", 200, "optOut"), ("e3", 462, "optOut")]
    await world.close()


def answers(world: Building) -> list[EventResponse]:
    return [one for message in world.vtn.got(CreatedEvent) for one in message.responses]


@pytest.mark.timeout(300)  # a day of theirs takes a minute where four others work beside it
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


MIGRATION = (DOCS / "howto" / "migrate-from-openleadr.md").read_text(encoding="utf-8")
#: The numbered faults of OpenLEADR 0.5.36: how many there are of each kind.
FAULTS = {"M": 17, "X": 17, "V": 25, "C": 24, "Y": 10}


def test_each_difference_from_openleadr_names_its_rule_and_a_test_that_exists() -> None:
    rows = [row for row in MIGRATION.splitlines() if row.startswith("| ") and row.count("|") == 5]
    rows = [row for row in rows if "| rule | test |" not in row]
    assert len(rows) > 80
    for row in rows:
        _, _, _, rule, test, _ = (cell.strip() for cell in row.split("|"))
        assert re.fullmatch(r"-|R\d+(( to|,) R\d+)*", rule), row
        file, _, name = test.strip("`").partition("::")
        text = (DOCS.parent / "tests" / file).read_text(encoding="utf-8")
        assert not name or re.search(rf"def {name}\b", text), row


def test_every_fault_of_openleadr_is_among_the_differences() -> None:
    named = set(re.findall(r"\b([MXVCY]\d+)\b", MIGRATION))
    faults = {f"{kind}{n}" for kind, count in FAULTS.items() for n in range(1, count + 1)}
    assert faults - named == set()
