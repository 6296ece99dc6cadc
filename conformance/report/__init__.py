"""What came of runs, for people and for machines: terminal, HTML, JUnit XML, JSON.

Each takes ``conformance.results.Run`` and knows nothing of cases and devices. What a
device has said is hostile: nothing of it reaches a reader unescaped.
"""

import json as json_
from collections.abc import Sequence
from pathlib import Path

from conformance.report.as_json import BadReport, loaded, to_json, written
from conformance.report.html import html as as_html
from conformance.report.junit import junit as as_junit
from conformance.results import Run

__all__ = ["BadReport", "load", "loaded", "to_json", "write", "written"]


def write(
    runs: Sequence[Run],
    *,
    html: str | Path | None = None,
    junit: str | Path | None = None,
    json: str | Path | None = None,
) -> list[Path]:
    """Writes the reports that a file is named for, and returns their files.

    Args:
        runs: one or more.
        html: file for the page.
        junit: file for JUnit XML.
        json: file for all there is to know.

    Raises:
        OSError: a file cannot be written.
    """
    files: list[Path] = []
    if html:
        files.append(_put(html, as_html(runs).encode(errors="replace")))
    if junit:
        files.append(_put(junit, as_junit(runs)))
    if json:
        text = json_.dumps(written(runs), indent=1)
        files.append(_put(json, f"{text}\n".encode()))
    return files


def _put(file: str | Path, data: bytes) -> Path:
    path = Path(file)
    path.write_bytes(data)
    return path


def load(path: Path) -> list[Run]:
    """Returns the runs in a JSON file that ``write`` has written.

    Raises:
        BadReport: it is another file.
        OSError: it cannot be read.
    """
    try:
        data = json_.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadReport(f"it is no JSON: {error}") from None
    return loaded(data)
