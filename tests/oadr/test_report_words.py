"""Names of a peer's choosing in error texts."""

from oadr.report.words import listed, quoted


def test_a_long_name_is_cut() -> None:
    assert quoted("a" * 40) == repr("a" * 40)
    assert quoted("a" * 5000) == repr("a" * 40) + "..."


def test_a_long_list_is_cut() -> None:
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed("abcdefg") == "'a', 'b', 'c', 'd', 'e' and 2 more"


def test_control_characters_do_not_reach_the_log() -> None:
    assert quoted("a\nb") == r"'a\nb'"
