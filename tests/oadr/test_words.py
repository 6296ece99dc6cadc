"""Names of a peer's choosing in error texts."""

from decimal import Decimal

from oadr.enums import ReportName
from oadr.words import listed, quoted, shown


def test_a_long_name_is_cut() -> None:
    assert quoted("a" * 80) == repr("a" * 80)
    assert quoted("a" * 5000) == repr("a" * 80) + "..."


def test_a_long_list_is_cut() -> None:
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed("abcdefg") == "'a', 'b', 'c', 'd', 'e' and 2 more"


def test_control_characters_do_not_reach_the_log() -> None:
    assert quoted("a\nb") == r"'a\nb'"


def test_a_long_number_is_cut() -> None:
    assert shown(Decimal("1.10")) == "1.10"
    assert shown(Decimal("1" * 5000)) == "1" * 80 + "..."


def test_a_word_of_the_specification_is_quoted_like_any_other() -> None:
    assert quoted(ReportName.TELEMETRY_USAGE) == "'TELEMETRY_USAGE'"
