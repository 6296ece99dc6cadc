"""What this project does with a report that has come: validate, parse, check and unpack it.

The second half of ``main`` takes the reports in as the VTN does, down to the commit.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.child import Channel
from benchmarks.join import join
from oadr import codec
from oadr import messages as m
from oadr.report import check_update, unpack
from vtn.desk import Caller, Desk
from vtn.server import Server
from vtn.services import SERVICES
from vtn.services.points import Points, load
from vtn.store import report as reports


async def main(channel: Channel, *, config: str) -> None:
    """Takes the files that it is sent; answers with seconds for each, and what it found."""
    server = Server.from_config(config)
    await server.start()
    desk = server.desk
    assert desk is not None
    joined = await join(server.url, "ven-0")
    work = _Work(desk, joined.ven_id)
    await work.prepare(joined.request_id)
    channel.answer({"ven_id": joined.ven_id, "request_id": joined.request_id, "port": server.port})
    while (command := await channel.next()) is not None:
        documents = list(map(_read, command["files"]))
        if command["commit"]:
            channel.answer([await work.ingest(document) for document in documents])
        else:
            channel.answer([work.parse(document) for document in documents])
    await server.stop()


def _read(name: str) -> bytes:
    return Path(name).read_bytes()


class _Work:
    """The report of one VEN, parsed or taken in."""

    def __init__(self, desk: Desk, ven_id: str) -> None:
        self._desk = desk
        self._ven_id = ven_id
        self._request: m.ReportRequest | None = None
        self._points: Points | None = None

    async def prepare(self, request_id: str) -> None:
        """Reads what was asked for, which a VTN has in memory."""
        member = self._desk.roster.of_ven_id(self._ven_id)
        assert member is not None
        async with self._desk.store.read() as tx:
            row = await reports.request(tx, party_pk=member.pk, report_request_id=request_id)
            self._points = await load(tx, member.pk)
        assert row is not None
        self._request = row.request

    def parse(self, document: bytes) -> dict[str, Any]:
        """Turns bytes into readings."""
        assert self._request is not None
        assert self._points is not None
        begin, cpu = time.perf_counter(), time.process_time()
        message = codec.message_of(codec.signed_object_of(codec.parse(document)))
        assert isinstance(message, m.UpdateReport)
        report = message.reports[0]
        offer = self._points.offer(self._request.report_specifier_id)
        check_update(report, self._request, offer)
        readings = unpack(report, points=offer.by_id())
        took, used = time.perf_counter() - begin, time.process_time() - cpu
        return {"seconds": took, "cpu": used, "intervals": len(readings)}

    async def ingest(self, document: bytes) -> dict[str, Any]:
        """Turns bytes into rows that are on disk, and the answer to the VEN."""
        begin, cpu = time.perf_counter(), time.process_time()
        message = codec.message_of(codec.signed_object_of(codec.parse(document)))
        caller = Caller(
            member=self._desk.roster.of_ven_id(self._ven_id),
            fingerprint="",
            secure=False,
            received_at=datetime.now(UTC),
        )
        reply = await SERVICES[type(message)](self._desk, caller, message)
        assert isinstance(reply, m.UpdatedReport)
        codec.encode(reply)
        took, used = time.perf_counter() - begin, time.process_time() - cpu
        if not reply.response.ok:
            raise RuntimeError(f"the report is refused: {reply}")
        assert isinstance(message, m.UpdateReport)
        return {"seconds": took, "cpu": used, "intervals": len(message.reports[0].intervals)}
