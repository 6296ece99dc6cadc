"""Mutants of the envelope, of transport and of registration."""

from dataclasses import replace

from conformance.checks import Side
from oadr import messages as m
from tests.conformance.life import NOTHING, POLL, REGISTER, answers, created, distribute, ok
from tests.conformance.mutants import after, ask, instead, reply

_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_SIGNATURE = (
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
    '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
    '<ds:Reference URI="#somebody"><ds:DigestMethod'
    ' Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>AA==</ds:DigestValue>'
    "</ds:Reference></ds:SignedInfo><ds:SignatureValue>AA==</ds:SignatureValue></ds:Signature>"
)
_TYPED = {"host": "vtn", "content-length": "1", "content-type": "text/xml"}
_LONE = {"content-length": "1", "content-type": "application/xml"}
_CANCEL = m.CancelPartyRegistration(request_id="k", registration_id="reg", ven_id="ven")
_CANCELED = m.CanceledPartyRegistration(response=ok("k"), registration_id="reg", ven_id="ven")

ENVELOPE = [
    ask("XSD.valid", "poll", ("<ei:venID>ven</ei:venID>", "<ei:venId>ven</ei:venId>")),
    ask("XSD.valid", "poll", ("</oadr:oadrPayload>", "")),
    ask("XSD.encoding", "poll", ('encoding="UTF-8"', 'encoding="iso-8859-1"')),
    ask(
        "R45.schema_location",
        "poll",
        ("<oadr:oadrPayload", f'<oadr:oadrPayload {_XSI} xsi:schemaLocation="a b"'),
    ),
    ask("R509.schema_version", "poll", (' ei:schemaVersion="2.0b"', "")),
    reply("R509.schema_version", "poll", ('"2.0b"', '"2.0a"')),
    reply(
        "R1.moments_in_utc",
        "request events",
        ("2026-01-01T12:00:00Z", "2026-01-01T12:00:00"),
        also="R115.same_created",
    ),
    reply("R1.durations_in_whole", "register", ("PT10S", "PT")),
    ask("R46.empty_optionals", "register", ("<oadr:oadrVenName>Ven", "<oadr:oadrVenName>")),
    reply("R48.known_codes", "poll", (">200<", ">404<")),
    ask("R508.ven_id_of_ven", "answer", (">ven<", "><"), also="R46.empty_optionals"),
    ask("R508.ven_id_of_ven", "metadata", ("<ei:venID>ven</ei:venID>", "")),
    ask(
        "R514.signature_covers",
        "poll",
        ("<oadr:oadrSignedObject", f"{_SIGNATURE}<oadr:oadrSignedObject"),
    ),
    reply("R48.echoed_request_id", "register", (">p<", ">other<")),
    reply("R303.echoed_request_id", "update", (">u<", ">other<")),
    reply("R303.echoed_request_id", "push request", (">cp<", "><")),
    reply("R207.echoed_request_id", "schedule", (">o<", ">other<")),
    reply("R48.echoed_in_snapshot", "request events", (">x<", "><")),
    ask("R21.same_identifiers", "poll", (">ven<", ">VEN<")),
    reply("R21.same_identifiers", "poll events", (">vtn<", ">VTN<")),
    instead("XSD.fitting_reply", "update", answer=NOTHING, also="R303.echoed_request_id"),
    instead("XSD.fitting_reply", "push request", answer=NOTHING, also="R303.echoed_request_id"),
]

TRANSPORT = [
    instead("R401.registers_itself", "push", REGISTER, asked_by=Side.VTN),
    instead(
        "R401.answers_registration",
        "poll",
        m.RequestReregistration(ven_id="ven"),
        also="XSD.fitting_reply",
    ),
    instead("R23.asks_for_events", "push", answers("e1"), asked_by=Side.VTN),
    instead("R23.distributes_events", "poll", distribute(), also="R508.ven_id_of_ven"),
    instead("R51.pushes", "push", POLL, asked_by=Side.VTN, also="R500.poll_reply"),
    instead("R501.polls_itself", "push cancel", answer=POLL, also="XSD.fitting_reply"),
    instead("R500.poll_reply", "poll", answer=m.UpdatedReport(response=ok(), ven_id="ven")),
    instead("R511.right_service", "poll", service="EiEvent"),
    instead("R511.right_path", "poll", path="/OpenADR2/Simple/OadrPoll"),
    instead("R53.http_headers", "poll", headers=_TYPED),
    instead("R53.http_headers", "poll", headers=_LONE),
    after("R517.unregistered_is_refused", "cancel", POLL, NOTHING, also="R405.registers_first"),
    after("R405.registers_first", "cancel", POLL),
]

REGISTRATION = [
    ask(
        "R402.says_pull_model",
        "register",
        ("<oadr:oadrHttpPullModel>true</oadr:oadrHttpPullModel>", ""),
    ),
    ask("R402.says_transport_address", "register", ("Model>true<", "Model>false<")),
    instead(
        "R402.both_ids_again",
        "register",
        replace(REGISTER, registration_id="reg"),
        also="R406.keeps_registration",
    ),
    ask("R402.own_registration_id", "again", (">reg<", ">old<"), also="R406.keeps_registration"),
    after(
        "R402.own_registration_id", "cancel", replace(REGISTER, registration_id="reg", ven_id="ven")
    ),
    reply("R403.gives_identifiers", "register", ("<ei:venID>ven</ei:venID>", "")),
    instead("R403.gives_poll_frequency", "register", answer=replace(created("p"), poll_freq=None)),
    reply("R403.names_profile", "register", ("Name>2.0b<", "Name>2.0a<")),
    reply("R403.refusal_gives_nothing", "register", (">200<", ">463<")),
    instead("R404.query_without_ids", "query after", answer=created("q")),
    reply(
        "R404.query_without_empty_ids",
        "query",
        ("<ei:vtnID>", "<ei:registrationID></ei:registrationID><ei:vtnID>"),
        also="R46.empty_optionals",
    ),
    reply("R406.keeps_registration", "again", (">reg<", ">new<")),
    ask("R400.wrong_registration_id", "cancel", (">reg<", ">old<"), also="R407.cancels_what_is"),
    instead(
        "R407.cancels_what_is",
        "cancel",
        replace(_CANCEL, registration_id="old"),
        replace(_CANCELED, response=m.EiResponse(code=452, request_id="k")),
    ),
    after("R309.metadata_first", "register", m.UpdateReport(request_id="u", ven_id="ven")),
    after(
        "R301.vtn_metadata_first",
        "register",
        POLL,
        m.CancelReport(request_id="c", report_request_ids=("r1",)),
        also="R336.cancelled_was_asked",
    ),
]

MUTANTS = [*ENVELOPE, *TRANSPORT, *REGISTRATION]
