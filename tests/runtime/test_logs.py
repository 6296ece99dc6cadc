import json
import logging
from collections.abc import Iterator

import pytest

from runtime.logs import JsonFormatter, PeopleFormatter, configure, one_line


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    logger = logging.getLogger("openadr")
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("openadr.x", logging.WARNING, "f", 1, message, (), None)
    made.__dict__.update(extra)
    return made


def test_a_line_for_people_says_when_who_and_what() -> None:
    line = PeopleFormatter().format(record("refused 463", ven="bakery"))
    assert line[2] == line[5] == ":"
    assert line.endswith("bakery       warning: refused 463")


def test_no_peer_can_write_a_line_of_its_own() -> None:
    line = PeopleFormatter().format(record("name is a\n17:00:00 school registered\x1b[2J"))
    assert "\n" not in line
    assert "\x1b" not in line
    assert one_line("a\rb\u2028c") == "a b c"


def test_json_is_one_object_with_the_fields_that_there_are() -> None:
    entry = json.loads(JsonFormatter().format(record("no\nway", ven="bakery", rule="R517")))
    assert entry["message"] == "no\nway"
    assert entry["ven"] == "bakery"
    assert entry["rule"] == "R517"
    assert entry["level"] == "warning"
    assert "event" not in entry


def test_no_peer_can_write_a_json_line_of_its_own() -> None:
    text = "\x9b2J\u2028{}\x85\n\x7f"
    line = JsonFormatter().format(record(text, ven=text))
    assert json.loads(line)["message"] == text
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert line.isascii()


def test_a_name_with_line_ends_stays_in_its_line() -> None:
    line = PeopleFormatter().format(record("refused", ven="a\n17:00:00 school registered"))
    assert "\n" not in line


def test_configuring_twice_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    configure(style="json")
    logging.getLogger("openadr.vtn").info("hello")
    captured = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["message"] for line in captured] == ["hello"]


def test_a_traceback_is_shown_only_when_debugging(capsys: pytest.CaptureFixture[str]) -> None:
    for debug in (False, True):
        configure(debug=debug)
        try:
            raise ValueError("deep")
        except ValueError:
            logging.getLogger("openadr.vtn").exception("broke")
        assert ("Traceback" in capsys.readouterr().err) is debug
