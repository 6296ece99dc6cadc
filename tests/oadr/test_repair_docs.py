"""docs/howto/imperfect-peers.md names every repair, as ``REPAIRS`` does."""

from pathlib import Path

from oadr.repair import MAX_MENDED, REPAIRS
from oadr.repair.document import MAX_ELEMENTS
from tests.oadr.mutilations import MUTILATIONS

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "imperfect-peers.md"
#: Those of bytes, of whole messages and of HTTP; tests/oadr and tests/vtn have each of them.
_OTHERS = {
    "leading-space",
    "trim-ids",
    "created-event-without-answers",
    "content-type",
}


def test_the_page_has_one_row_for_each_repair() -> None:
    _, _, table = PAGE.read_text(encoding="utf-8").partition("## All repairs\n")
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{one.name}` | {one.tolerance} | {one.rule} | {one.words} |" for one in REPAIRS.values()
    ]


def test_the_page_has_the_limits() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"more than {MAX_MENDED // 1024} KiB or {MAX_ELEMENTS:,} elements" in text


def test_each_repair_has_a_mistake_that_it_mends() -> None:
    assert set(MUTILATIONS) | _OTHERS == set(REPAIRS)
    assert set(MUTILATIONS).isdisjoint(_OTHERS)
