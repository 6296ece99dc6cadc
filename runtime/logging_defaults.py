"""OpenLEADR's way to see what happens: one call, and the log is on standard output."""

import logging
import sys

from runtime.logs import PeopleFormatter

#: What programs may look for to know that it is on.
HANDLER = "openadr_kit_default_handler"
#: This project's log, and OpenLEADR's own should it run in the same program.
LOGGERS = ("openadr", "openleadr")
_OPENLEADRS = "openleadr_default_handler"


def enable_default_logging(level: int = logging.INFO) -> None:
    """Sends the log to standard output, one line per thing that happened.

    A second call changes nothing but the level; a handler of OpenLEADR's stays the only
    one of its logger.

    Args:
        level: the least important that is shown.
    """
    loggers = [logging.getLogger(name) for name in LOGGERS]
    handler = next(
        (one for logger in loggers for one in logger.handlers if one.name == HANDLER), None
    )
    if handler is None:
        handler = logging.StreamHandler(sys.stdout)
        handler.set_name(HANDLER)
        handler.setFormatter(PeopleFormatter())
    for logger in loggers:
        logger.setLevel(level)
        if not {HANDLER, _OPENLEADRS} & {one.name for one in logger.handlers}:
            logger.addHandler(handler)
