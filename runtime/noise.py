"""What aiohttp has to say about broken HTTP, in one line instead of a traceback.

Whoever reaches the port can send bytes that are no HTTP. aiohttp answers them with a 4xx
and logs an error with a traceback; for whoever listens it is a peer's fault like any other.
"""

import logging

from aiohttp.http_exceptions import HttpProcessingError


class _BrokenHttp(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if isinstance(error, HttpProcessingError):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg = f"HTTP {error.code}: what came is not HTTP ({type(error).__name__})"
            record.args = None
            record.exc_info = record.exc_text = None
        return True


def http_logger(name: str) -> logging.Logger:
    """Returns the logger of that name, for aiohttp's server."""
    logger = logging.getLogger(name)
    if not any(isinstance(one, _BrokenHttp) for one in logger.filters):
        logger.addFilter(_BrokenHttp())
    return logger
