"""What the command line of `oadr-certs` is made of: times and passphrases."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from certs.errors import MissingFileError

#: Where a passphrase may stand; an argument would be visible in the list of processes.
PASSPHRASE_VARIABLE = "OADR_CERTS_PASSPHRASE"  # noqa: S105 - a name, no secret

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DAYS_OF_YEAR = 365


class Duration(click.ParamType[timedelta, Any]):
    """A time span such as `30d`, `12h`, `4w` or `2y`."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the time span, or fail with the accepted forms."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,5})\s*([hdwy])", value.strip().lower())
        if found is None or int(found[1]) == 0:
            self.fail(f"{value!r} is no time span: write 12h, 30d, 4w or 2y.", param, ctx)
        number = int(found[1])
        if found[2] == "y":
            return timedelta(days=_DAYS_OF_YEAR * number)
        return _UNITS[found[2]] * number


DURATION = Duration()


def passphrase(file: Path | None, *, environment: str | None = PASSPHRASE_VARIABLE) -> str | None:
    """Return a passphrase from the first line of a file, else from the environment, or None.

    Raises:
        MissingFileError: the file cannot be read or is empty.
    """
    if file is None:
        return os.environ.get(environment) or None if environment else None
    expected = "a passphrase in the first line"
    try:
        secret = file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise MissingFileError(file, expected) from error
    if not secret:
        raise MissingFileError(file, expected)
    return secret
