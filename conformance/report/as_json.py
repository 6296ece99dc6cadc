"""A run as JSON: all of it, to be kept, compared, and made into other reports."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from conformance.checks import Severity, Side
from conformance.results import Fault, Result, Run, Said, Verdict
from oadr.errors import OpenADRError

#: What the key ``schema`` says; another number is another form.
SCHEMA = 1


class BadReport(OpenADRError):
    """Something that should be the JSON of a run is not.

    Attributes:
        problem: what is wrong.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"is no result of a run: {self.problem}"


def to_json(run: Run) -> dict[str, Any]:
    """Returns a run as what ``json`` can write; ``from_json`` makes the same run of it.

    The keys ``counts`` and ``violated`` are for whoever reads the file; they follow from
    the rest.
    """
    counts = {str(verdict): run.count(verdict) for verdict in Verdict}
    head = {"schema": SCHEMA, "counts": counts, "violated": list(run.violated)}
    written: dict[str, Any] = head | _plain(asdict(run))
    return written


def written(runs: Sequence[Run]) -> dict[str, Any]:
    """Returns several runs as what ``json`` can write; a file of results has this."""
    return {"schema": SCHEMA, "runs": list(map(to_json, runs))}


def loaded(data: object) -> list[Run]:
    """Returns the runs that ``written``, or the run that ``to_json`` has written.

    Raises:
        BadReport: it is something else, or of another version.
    """
    runs = data.get("runs") if isinstance(data, dict) and "runs" in data else [data]
    if not isinstance(runs, list):
        raise BadReport("its 'runs' are no list")
    return list(map(from_json, runs))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


def from_json(data: object) -> Run:
    """Returns the run that ``to_json`` has written.

    Raises:
        BadReport: it is something else, or of another version.
    """
    if not isinstance(data, dict) or "schema" not in data:
        raise BadReport("there is no key 'schema'")
    if data["schema"] != SCHEMA:
        raise BadReport(f"its schema is {data['schema']!r}; this program reads {SCHEMA}")
    try:
        return Run(
            device=str(data["device"]),
            side=Side(data["side"]),
            push=bool(data["push"]),
            began=datetime.fromisoformat(data["began"]),
            took=float(data["took"]),
            results=tuple(map(_result, data["results"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadReport(f"{type(error).__name__}: {error}") from None


def _result(data: Mapping[str, Any]) -> Result:
    fields = _texts(data, "id", "title", "suite", "purpose", "reason")
    for name in ("steps", "needs", "rules", "checks"):
        fields[name] = tuple(map(str, data[name]))
    fields["faults"] = tuple(map(_fault, data["faults"]))
    fields["said"] = tuple(map(_said, data["said"]))
    return Result(**fields, verdict=Verdict(data["verdict"]), took=float(data["took"]))


def _fault(data: Mapping[str, Any]) -> Fault:
    fields = _texts(data, "rule", "id", "expected", "seen", "message", "path", "excerpt")
    fields["severity"] = Severity(data["severity"])
    fields["sender"] = Side(data["sender"])
    return Fault(**fields, exchange=int(data["exchange"]), line=int(data["line"]))


def _said(data: Mapping[str, Any]) -> Said:
    fields = _texts(data, "service", "path", "title", "problem", "request", "reply")
    for name in ("request_headers", "reply_headers"):
        fields[name] = {str(key): str(value) for key, value in dict(data[name]).items()}
    fields["status"] = None if data["status"] is None else int(data["status"])
    fields["at"] = datetime.fromisoformat(data["at"])
    return Said(**fields, number=int(data["number"]), asked_by=Side(data["asked_by"]))


def _texts(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: str(data[name]) for name in names}
