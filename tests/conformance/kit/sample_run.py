"""A run with each verdict, of a device that means harm to whoever reads of it."""

from dataclasses import replace
from datetime import UTC, datetime

from conformance.checks import Severity, Side
from conformance.results import Fault, Result, Run, Said, Verdict

HARM = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x00\x1b[2J"
REPLY = (
    '<oadr:oadrPayload xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07">'
    "<oadr:oadrSignedObject><oadr:oadrDistributeEvent>"
    "<oadr:oadrEvent>one</oadr:oadrEvent>"
    "<oadr:oadrEvent>&lt;script&gt;alert(3)&lt;/script&gt;</oadr:oadrEvent>"
    "</oadr:oadrDistributeEvent></oadr:oadrSignedObject></oadr:oadrPayload>"
)
FAULT = Fault(
    rule="R115",
    id="R115.same_created",
    severity=Severity.VIOLATION,
    expected="All events of a message have the same createdDateTime.",
    seen=f"two {HARM}",
    sender=Side.VTN,
    exchange=1,
    message="oadrDistributeEvent",
    path="oadrDistributeEvent/oadrEvent[2]",
    line=1,
    excerpt="<oadrEvent>",
)
WARNING = replace(
    FAULT, rule="R404", id="R404.no_ids", severity=Severity.WARNING, path="", line=0, exchange=0
)
SAID = Said(
    number=1,
    at=datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC),
    asked_by=Side.VEN,
    service=f"EiEvent{HARM}",
    path="/OpenADR2/Simple/2.0b/EiEvent",
    title="oadrRequestEvent: oadrDistributeEvent",
    status=200,
    problem="",
    request=f"no XML\n{HARM}\nthird",
    reply=REPLY,
    request_headers={"content-type": "application/xml"},
    reply_headers={"server": HARM},
)
SILENT = replace(SAID, number=2, status=None, reply="", problem=f"no answer {HARM}")
FAILED = Result(
    id="A_E3_0430_TH_VEN",
    title=f"base event {HARM}",
    suite="event",
    purpose="An event is created.",
    steps=("The VEN asks.", f"The VTN answers {HARM}."),
    needs=("An event.",),
    rules=("R115",),
    verdict=Verdict.FAIL,
    faults=(FAULT, WARNING),
    checks=("R1.moments", "R115.same_created"),
    said=(SAID, SILENT),
    took=0.25,
)
PASSED = replace(
    FAILED, id="N1_0010_TH_VEN", suite="registration", verdict=Verdict.PASS, faults=(WARNING,)
)
SKIPPED = replace(
    PASSED,
    id="N1_0020_TH_VEN",
    verdict=Verdict.SKIP,
    reason=f"nobody is there {HARM}",
    faults=(),
    checks=(),
    said=(),
)
OPEN = replace(
    SKIPPED, id="N1_0030_TH_VEN", verdict=Verdict.INCONCLUSIVE, reason="it broke off: OSError: x"
)
RUN = Run(
    device=f"VTN at http://10.0.0.5 {HARM}",
    side=Side.VTN,
    push=False,
    began=datetime(2026, 11, 20, 12, tzinfo=UTC),
    took=1.5,
    results=(FAILED, PASSED, SKIPPED, OPEN),
)
