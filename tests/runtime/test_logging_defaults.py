import logging
from collections.abc import Iterator

import pytest

from runtime.logging_defaults import HANDLER, LOGGERS, enable_default_logging


@pytest.fixture(autouse=True)
def loggers() -> Iterator[list[logging.Logger]]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.level, logger.handlers[:]) for logger in loggers]
    for logger in loggers:
        logger.handlers[:] = []
    yield loggers
    for logger, (level, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = handlers


def test_one_call_shows_our_log_and_openleadrs_on_standard_output_once(
    capsys: pytest.CaptureFixture[str], loggers: list[logging.Logger]
) -> None:
    enable_default_logging()
    enable_default_logging()
    logging.getLogger("openadr.ven").info("hello")
    logging.getLogger("openleadr").info("there")
    logging.getLogger("openadr.ven").debug("too much")
    lines = capsys.readouterr().out.splitlines()
    assert [line.rsplit(" ", 1)[1] for line in lines] == ["hello", "there"]
    assert [[one.name for one in logger.handlers] for logger in loggers] == [[HANDLER], [HANDLER]]


def test_a_second_call_changes_the_level(loggers: list[logging.Logger]) -> None:
    enable_default_logging()
    enable_default_logging(logging.DEBUG)
    assert {logger.level for logger in loggers} == {logging.DEBUG}


def test_openleadrs_own_handler_stays_the_only_one_of_its_logger(
    loggers: list[logging.Logger],
) -> None:
    own = logging.NullHandler()
    own.set_name("openleadr_default_handler")
    loggers[1].addHandler(own)
    enable_default_logging()
    assert loggers[1].handlers == [own]
    assert [one.name for one in loggers[0].handlers] == [HANDLER]


def test_both_packages_offer_it() -> None:
    import ven

    assert ven.enable_default_logging is enable_default_logging
