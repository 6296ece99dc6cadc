"""Errors in words for the person at the command line."""

from certs import CertsError
from oadr.errors import OpenADRError
from runtime.logs import one_line
from vtn.store import StorageError

_EXPECTED = (OpenADRError, StorageError, CertsError)


def words_for(error: Exception) -> str:
    """Returns one line that says what happened and, where it is known, what to do."""
    if isinstance(error, _EXPECTED):
        return one_line(str(error))
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return one_line(f"{where}{error.strerror or error}")
    what = one_line(f"{type(error).__name__}: {error}")
    return f"{what}. This is a fault of this program; --debug shows where."
