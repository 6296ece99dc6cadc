"""Messages that other programs put in for a poll."""

from pathlib import Path

import pytest

from handlers.poll import MAX_BYTES, OutboxPoll, QueuePoll
from oadr import codec
from oadr import messages as m
from oadr.errors import OpenADRError
from runtime import plugins
from runtime.settings import ConfigError
from tests.handlers.context import context
from vtn.hooks import Context
from vtn.store import Store

FIRST = m.RequestReregistration(ven_id="ven-1")
SECOND = m.CancelPartyRegistration(request_id="1", registration_id="reg", ven_id="ven-1")


async def test_the_outbox_gives_out_in_the_order_in_which_it_was_filled(
    store: Store, ctx: Context
) -> None:
    outbox = OutboxPoll.from_config({})
    outbox.put("ven-1", FIRST)
    outbox.put("ven-1", SECOND)
    assert outbox.waiting("ven-1") == 2
    assert await outbox.on_poll(context(store, ven_id="ven-2")) is None
    assert [await outbox.on_poll(ctx) for _ in range(3)] == [FIRST, SECOND, None]


def test_the_outbox_takes_nothing_that_a_poll_cannot_give_out() -> None:
    outbox = OutboxPoll(at_most=1)
    with pytest.raises(ValueError, match="cannot be answered with Poll"):
        outbox.put("ven-1", m.Poll(ven_id="ven-1"))
    with pytest.raises(ValueError, match="for VEN 'ven-1', not for 'ven-2'"):
        outbox.put("ven-2", FIRST)
    with pytest.raises(OpenADRError):
        outbox.put("ven-1", m.RequestReregistration(ven_id="ven-1", schema_version="9\x00"))
    outbox.put("ven-1", FIRST)
    with pytest.raises(ValueError, match="1 messages wait"):
        outbox.put("ven-1", FIRST)


def fill(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


async def test_the_queue_gives_out_by_number_and_moves_what_it_gave(
    ctx: Context, tmp_path: Path
) -> None:
    queue = QueuePoll.from_config({"folder": str(tmp_path / "spool")})
    place = tmp_path / "spool" / "ven-1"
    fill(place, "10.xml", codec.encode(SECOND))
    fill(place, "9.xml", codec.encode(FIRST))
    fill(place, "8.tmp", b"half a mess")
    assert [await queue.on_poll(ctx) for _ in range(3)] == [FIRST, SECOND, None]
    assert sorted(path.name for path in (place / "sent").iterdir()) == ["10.xml", "9.xml"]
    assert [path.name for path in place.glob("*.*")] == ["8.tmp"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<oadr", ""),
        (b"", ""),
        (codec.encode(m.Poll(ven_id="ven-1")), "cannot be answered with Poll"),
        (codec.encode(m.RequestReregistration(ven_id="ven-2")), "for VEN 'ven-2'"),
        (b" " * (MAX_BYTES + 1), "more than"),
    ],
)
async def test_the_queue_refuses_what_is_no_message_for_this_ven_and_goes_on(
    ctx: Context, tmp_path: Path, content: bytes, reason: str
) -> None:
    queue = QueuePoll(tmp_path)
    fill(tmp_path / "ven-1", "1.xml", content)
    fill(tmp_path / "ven-1", "2.xml", codec.encode(FIRST))
    assert await queue.on_poll(ctx) == FIRST
    refused = tmp_path / "ven-1" / "refused"
    assert (refused / "1.xml").read_bytes() == content
    assert reason in (refused / "1.txt").read_text()


async def test_the_queue_overwrites_nothing_that_it_moved_before(
    ctx: Context, tmp_path: Path
) -> None:
    queue = QueuePoll(tmp_path)
    for _ in range(2):
        fill(tmp_path / "ven-1", "1.xml", codec.encode(FIRST))
        assert await queue.on_poll(ctx) == FIRST
    assert len(list((tmp_path / "ven-1" / "sent").iterdir())) == 2


@pytest.mark.parametrize("ven_id", ["../ven-2", "..", ".", "ven-2/../ven-2", "/etc", "a\x00b", ""])
async def test_no_ven_id_reaches_outside_its_own_folder(
    store: Store, tmp_path: Path, ven_id: str
) -> None:
    queue = QueuePoll(tmp_path / "spool")
    fill(tmp_path / "ven-2", "1.xml", codec.encode(m.RequestReregistration(ven_id=ven_id or "x")))
    fill(tmp_path, "1.xml", codec.encode(FIRST))
    fill(tmp_path / "spool", "1.xml", codec.encode(FIRST))
    assert await queue.on_poll(context(store, ven_id=ven_id)) is None
    assert queue.place(ven_id).parent == tmp_path / "spool"
    assert (tmp_path / "spool" / "1.xml").exists()


async def test_the_queue_follows_no_link(ctx: Context, tmp_path: Path) -> None:
    queue = QueuePoll(tmp_path / "spool")
    place = tmp_path / "spool" / "ven-1"
    place.mkdir()
    (tmp_path / "outside.xml").write_bytes(codec.encode(FIRST))
    (place / "1.xml").symlink_to(tmp_path / "outside.xml")
    assert await queue.on_poll(ctx) is None


def test_the_queue_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^settings\.folder: Field required"):
        plugins.build("queue", {}, key="handlers", settings="settings")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"^settings\.folder: "):
        plugins.build(
            "queue", {"folder": str(tmp_path / "file")}, key="handlers", settings="settings"
        )
