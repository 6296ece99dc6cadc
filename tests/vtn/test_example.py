"""The VTN in a user's own program, run as it stands."""

import ast
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import OptType
from tests.vtn.command import Desk

EXAMPLE = Path(__file__).parents[2] / "examples" / "utility_vtn.py"
CONFIG = """
vtn_id = "bench"
[http]
host = "127.0.0.1"
port = 0
plain = true
[registration]
handler = "open-enrolment"
"""


def test_embedding_takes_at_most_20_lines_of_code() -> None:
    code = ast.parse(EXAMPLE.read_text())
    for node in ast.walk(code):
        documented = ast.Module | ast.ClassDef | ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node):
            node.body = node.body[1:]
    assert sum(1 for line in ast.unparse(code).splitlines() if line.strip()) <= 20


def say(url: str, service: str, message: m.Message) -> m.Message:
    request = urllib.request.Request(
        f"{url}/{service}",
        data=codec.encode(message),
        headers={"Content-Type": codec.CONTENT_TYPE},
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        return codec.decode(reply.read())


def polled(url: str, ven_id: str) -> m.DistributeEvent:
    """Polls until an event comes; the VTN notices within a second what another process did."""
    for _ in range(2000):
        time.sleep(0.005)  # a VEN that polls without a pause is told to wait (429)
        reply = say(url, "OadrPoll", m.Poll(ven_id=ven_id))
        if isinstance(reply, m.RegisterReport):
            say(
                url,
                "EiReport",
                m.RegisteredReport(
                    response=m.EiResponse(code=200, request_id=reply.request_id), ven_id=ven_id
                ),
            )
        if isinstance(reply, m.DistributeEvent):
            return reply
    pytest.fail("no event came")


def test_the_program_hears_answers_while_the_command_line_works_beside_it(vtn: Desk) -> None:
    Path("vtn.toml").write_text(CONFIG)
    with subprocess.Popen(
        [sys.executable, str(EXAMPLE), "vtn.toml"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            created = say(
                url,
                "EiRegisterParty",
                m.CreatePartyRegistration(request_id="1", ven_name="school-7"),
            )
            assert isinstance(created, m.CreatedPartyRegistration)
            ven_id = created.ven_id or ""
            vtn("event create --id e-1 --to ven:school-7 --levels 1:15m --start now+1h")
            sent = polled(url, ven_id)
            answer = m.EventResponse(
                request_id=sent.request_id,
                event_id="e-1",
                modification_number=0,
                opt_type=OptType.OPT_IN,
            )
            response = m.EiResponse(code=200, request_id=sent.request_id)
            say(
                url,
                "EiEvent",
                m.CreatedEvent(response=response, responses=(answer,), ven_id=ven_id),
            )
            assert process.stdout.readline() == "school-7: optIn to e-1\n"
            assert vtn.json("event show e-1")["opted_in"] == 1
            process.terminate()
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
