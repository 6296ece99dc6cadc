"""Lets a test fail that makes our VTN or our VEN break a rule.

Exchanges are kept while a test runs and judged when it is over, so that nothing is slower
while time matters. A test whose purpose is that our side sends something wrong says so:
``@pytest.mark.sends_wrong("R105", reason="...")``; ``"*"`` stands for every rule, where the
other side says what no judge can learn from.

``OADR_TAP_REPORT=FILE`` appends all findings to a file, warnings too; ``OADR_TAP=report``
lets no test fail, ``OADR_TAP=off`` leaves the tap out.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.checks import Finding, Severity, Side
from conformance.judge import Judge
from oadr import profile_a
from oadr.errors import OpenADRError
from tests.tap.seams import PROFILE_A, Heard, installed

_SITE = Path(__file__).parent / "site"
#: VTNs and VENs whose judge is kept.
_WORLDS = 400


class Tap:
    """Judges what goes over the seams.

    Args:
        folder: where child processes write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._heard: list[Heard] = []
        self._judges: dict[tuple[str, int, str], Judge] = {}
        self._read: dict[str, int] = {}
        self._invalid: list[str] = []

    def listen(self, heard: Heard, over: bool) -> None:
        """Keeps an exchange that begins."""
        if not over:
            self._heard.append(heard)

    def findings(self) -> list[Finding]:
        """Returns what is wrong with everything that is over since the last time."""
        over = [one for one in self._heard if one.ended >= 0]
        self._heard = [one for one in self._heard if one.ended < 0]
        found = self._judged("", over)
        for file in sorted(self.folder.glob("*.jsonl")):
            found += self._judged(file.stem, self._lines(file))
        return found

    def invalid(self) -> list[str]:
        """Returns which documents of 2.0a that are over do not fit its schema, and why."""
        found, self._invalid = self._invalid, []
        return found

    def _hold(self, heard: Heard) -> None:
        """Holds a reply of 2.0a against the schema; the rules are those of 2.0b."""
        try:
            if heard.reply:
                profile_a.parse(heard.reply, max_bytes=len(heard.reply))
        except OpenADRError as error:
            self._invalid.append(f"2.0a: {error}: {heard.reply[:1000]!r}")

    def _lines(self, file: Path) -> list[Heard]:
        start = self._read.get(file.name, 0)
        with file.open("rb") as lines:
            lines.seek(start)
            text = lines.read()
        text = text[: text.rfind(b"\n") + 1]
        self._read[file.name] = start + len(text)
        return [_heard(json.loads(line)) for line in text.splitlines()]

    def _judged(self, process: str, over: list[Heard]) -> list[Finding]:
        """Returns what is wrong with exchanges of one process, each document in its place."""
        steps: list[tuple[int, Callable[[], list[Finding]]]] = []
        for heard in sorted(over, key=lambda one: one.began):
            if heard.service == PROFILE_A:
                self._hold(heard)
                continue
            judge = self._judge(process, heard)
            exchange = judge.open(
                heard.request,
                heard.reply,
                asked_by=Side(heard.asked_by),
                identity=heard.identity,
                status=heard.status,
                service=heard.service,
                at=datetime.fromisoformat(heard.at),
            )
            steps.append((heard.began, partial(judge.ask, exchange)))
            steps.append((heard.ended, partial(judge.answer, exchange)))
        steps.sort(key=lambda step: step[0])
        return [one for _, step in steps for one in step()]

    def _judge(self, process: str, heard: Heard) -> Judge:
        key = process, heard.world, heard.judged
        judge = self._judges.pop(key, None)
        if judge is None:
            ours = Side(heard.judged)
            judge = Judge({ours}, alone=ours is Side.VEN)
        self._judges[key] = judge
        if len(self._judges) > _WORLDS:
            del self._judges[next(iter(self._judges))]
        return judge


def _heard(row: dict[str, Any]) -> Heard:
    heard = Heard.__new__(Heard)
    for name, value in row.items():
        setattr(heard, name, value)
    heard.request, heard.reply = row["request"].encode("latin-1"), row["reply"].encode("latin-1")
    return heard


class Plugin:
    """The part of the tap that pytest knows."""

    def __init__(self, *, fails: bool, report: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="oadr-tap-"))
        self._fails = fails
        self._report = report
        self.tap = Tap(self.folder)
        installed(self.tap.listen)
        os.environ["OADR_TAP_FOLDER"] = str(self.folder)
        paths = [str(_SITE), *filter(None, [os.environ.get("PYTHONPATH")])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judges what a test made our sides send, its fixtures included."""
        try:
            return (yield)
        finally:
            self._settle(item)

    def _settle(self, item: pytest.Item) -> None:
        findings, invalid = self.tap.findings(), self.tap.invalid()
        if invalid and self._fails:
            pytest.fail("our side broke the schema:\n" + "\n".join(invalid[:10]), pytrace=False)
        if not findings:
            return
        self._log(item, findings)
        wrong = [one for one in findings if one.check.severity is Severity.VIOLATION]
        excused = {
            name for marker in item.iter_markers("sends_wrong") for name in map(str, marker.args)
        }
        wrong = [one for one in wrong if not {one.check.label, one.check.id, "*"} & excused]
        if wrong and self._fails:
            # Each once: the same fault may be in a thousand messages.
            texts = list(dict.fromkeys(map(str, wrong)))[:10]
            pytest.fail("our side broke a rule:\n" + "\n".join(texts), pytrace=False)

    def _log(self, item: pytest.Item, findings: list[Finding]) -> None:
        if self._report:
            texts = [f"=== {item.nodeid}\n{text}\n" for text in dict.fromkeys(map(str, findings))]
            with Path(self._report).open("a") as file:
                file.writelines(texts)

    def pytest_unconfigure(self) -> None:
        """Tidies up."""
        shutil.rmtree(self.folder, ignore_errors=True)


def register(config: pytest.Config) -> None:
    """Puts the tap in, unless it is turned off."""
    mode = os.environ.get("OADR_TAP", "fail")
    if mode != "off":
        plugin = Plugin(fails=mode == "fail", report=os.environ.get("OADR_TAP_REPORT", ""))
        config.pluginmanager.register(plugin, "oadr-tap")
