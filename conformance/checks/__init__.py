"""Checks by rule number: what a sender must not do, seen from outside.

Each is a small function over one message, over a message within its exchange, or over a
message within all that one VEN and one VTN have said so far. They read the XML, so that a
fault of the codec or of a builder cannot hide in both; they know nothing of VTN and VEN.
First read ``check`` (how one is written), then ``document``, ``exchange`` and ``session``
(what it can see). ``CHECKS`` has all.
"""

from collections.abc import Mapping
from types import MappingProxyType

from conformance.checks import (
    answers,
    common,
    event,
    event_session,
    general,
    metadata,
    opt,
    registration,
    report,
    report_request,
    report_session,
    signal,
)
from conformance.checks.check import REGISTERED, Check, Finding, Kind, Seen, Severity
from conformance.checks.document import Document, Side
from conformance.checks.exchange import Exchange
from conformance.checks.session import Session

__all__ = [
    "CHECKS",
    "MODULES",
    "Check",
    "Document",
    "Exchange",
    "Finding",
    "Kind",
    "Seen",
    "Session",
    "Severity",
    "Side",
]

MODULES = (
    common,
    general,
    registration,
    event,
    signal,
    answers,
    event_session,
    opt,
    metadata,
    report_request,
    report,
    report_session,
)
#: By identifier, such as ``"R9.simple_levels"``.
CHECKS: Mapping[str, Check] = MappingProxyType({check.id: check for check in REGISTERED})
