"""How the command `oadr-certs` shows things: lines and tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

import click
from cryptography import x509
from rich.console import Console
from rich.table import Table
from rich.text import Text

from certs.build import alternative_names, common_name, describe_key, public_key_of, serial_text
from certs.finding import Finding, Severity
from certs.fingerprint import fingerprints
from certs.ledger import Record, Status

#: Wide enough for every table: a pipe has no width, and cut-off fingerprints are of no use.
_PIPE_WIDTH = 240

_COLOURS = {
    Severity.OK: "green",
    Severity.WARN: "yellow",
    Severity.FAIL: "bold red",
}


def console() -> Console:
    """Return where tables go: as wide as the terminal, wide enough for all if there is none."""
    return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)


def day(when: datetime) -> str:
    """Return a date; times of day are noise where certificates live for years."""
    return f"{when:%Y-%m-%d}"


def as_json(value: object) -> None:
    """Print as JSON."""
    click.echo(json.dumps(value, indent=2, default=_jsonable, ensure_ascii=False))


def _jsonable(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))


def record_as_dict(record: Record, now: datetime) -> dict[str, object]:
    """Return a certificate of the ledger for JSON, with what it is worth now."""
    return {**asdict(record), "status": record.status(now)}


def print_records(records: Iterable[Record], now: datetime) -> None:
    """Print certificates of the ledger as a table."""
    table = Table(box=None, pad_edge=False)
    for column in ("name", "kind", "key", "status", "until"):
        table.add_column(column)
    table.add_column("days", justify="right")
    table.add_column("fingerprint", no_wrap=True)
    table.add_column("serial", no_wrap=True)
    for record in records:
        days = (record.not_after - now).days
        cells = (record.name, record.kind, record.key_type, _status(record, now))
        more = (day(record.not_after), str(days), record.fingerprint, record.serial[:12])
        table.add_row(*(Text(cell) for cell in (*cells, *more)))
    console().print(table)


def _status(record: Record, now: datetime) -> str:
    status = record.status(now)
    if status is Status.OVERLAP and record.overlap_until is not None:
        return f"replaced, accepted until {day(record.overlap_until)}"
    return status


def certificate_as_dict(certificate: x509.Certificate) -> dict[str, object]:
    """Return what there is to know about a certificate."""
    return {
        "name": common_name(certificate),
        "hosts": list(alternative_names(certificate)),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": serial_text(certificate.serial_number),
        "key": describe_key(public_key_of(certificate)),
        "not_before": certificate.not_valid_before_utc,
        "not_after": certificate.not_valid_after_utc,
        "fingerprint": asdict(fingerprints(certificate)),
    }


def print_certificate(certificate: x509.Certificate) -> None:
    """Print a certificate with its fingerprints below each other."""
    facts = certificate_as_dict(certificate)
    known_by = fingerprints(certificate)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    print_facts(
        {
            "name": str(facts["name"]),
            "hosts": ", ".join(alternative_names(certificate)) or "none",
            "issuer": str(facts["issuer"]),
            "serial": str(facts["serial"]),
            "key": str(facts["key"]),
            "valid": f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC",
            "OpenADR": known_by.openadr,
            "SHA-1": known_by.sha1,
            "SHA-256": known_by.sha256,
        }
    )


def print_facts(facts: Mapping[str, str]) -> None:
    """Print names and values, aligned."""
    width = max(len(name) for name in facts) + 2
    for name, value in facts.items():
        click.echo(f"{name:<{width}}{value}")


def finding_as_dict(finding: Finding) -> dict[str, object]:
    """Return a finding for JSON."""
    return dict(asdict(finding))


def print_findings(findings: Iterable[Finding]) -> None:
    """Print what the doctor found, and what to do about it."""
    output = console()
    for finding in findings:
        line = Text(f"{finding.check:<12}")
        line.append(f"{finding.severity.upper():<6}", style=_COLOURS[finding.severity])
        line.append(finding.what)
        output.print(line, soft_wrap=True)
        if finding.todo:
            output.print(Text(f"{'':<18}-> {finding.todo}"), soft_wrap=True)
