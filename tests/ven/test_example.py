"""The building controller of the examples, run as it stands."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

from oadr.enums import OptType
from oadr.messages import CreatedEvent
from tests.ven.process import running, served, until, values
from tests.ven.scripted import ScriptedVTN, event, request

EXAMPLE = Path(__file__).parents[2] / "examples" / "building_controller.py"


def test_embedding_takes_at_most_20_lines_of_code() -> None:
    """Counts lines with code in them, imports too; not docstrings, comments and blanks."""
    code = ast.parse(EXAMPLE.read_text())
    for node in ast.walk(code):
        if isinstance(node, ast.Module | ast.AsyncFunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    lines = ast.unparse(code).splitlines()
    assert sum(1 for line in lines if line.strip()) <= 20


async def test_the_building_controller_measures_decides_and_acts(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    later = now + timedelta(hours=1)
    vtn = ScriptedVTN(poll_freq=timedelta(seconds=1))
    vtn.requests = [request("rr-1", "main-meter", granularity=10, back=10, start=now)]
    vtn.events = [
        event("short", start=now, levels=((2, 60),)),
        event("long", start=later, levels=((1, 600),)),
    ]
    config = tmp_path / "ven.toml"
    async with served(vtn) as url:
        config.write_text(f'ven_name = "school-7"\nvtn_url = "{url}"\n')
        async with running(config, command=(str(EXAMPLE),)):
            await until(lambda: "short: set points +4 K" in log(config), config)
            await until(lambda: vtn.got(CreatedEvent), config)
            await until(lambda: values(vtn).get("main-meter"), config)
    answers = [answer for created in vtn.got(CreatedEvent) for answer in created.responses]
    assert {answer.event_id: (answer.code, answer.opt_type) for answer in answers} == {
        "short": (200, OptType.OPT_IN),
        "long": (200, OptType.OPT_OUT),
    }


def log(config: Path) -> str:
    return (config.parent / "log").read_text()
