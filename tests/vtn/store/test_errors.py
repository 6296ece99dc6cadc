import pytest

from vtn.store import errors
from vtn.store.errors import StorageError

TEXTS = {
    errors.UnsupportedDatabase("mysql://h"): "The database mysql://h cannot be used; expected a "
    "file path or a URL such as sqlite+aiosqlite:///vtn.db.",
    errors.MissingDatabase("vtn.db"): "There is no database vtn.db. Check the path, or create one "
    "with 'vtn init'.",
    errors.ForeignDatabase("mail.db"): "mail.db is not a database of openadr-kit. Nothing was "
    "changed in it; name another.",
    errors.NewerDatabase("vtn.db", found="7", known="2"): "The database vtn.db has revision 7, and "
    "this version of openadr-kit knows up to 2. Install the version that wrote it.",
    errors.DatabaseBusy("database is locked"): "The database is locked by another process: "
    "database is locked. Try again.",
    errors.DatabaseFull("disk full"): "The database cannot grow: disk full. Free space on its "
    "disk.",
    errors.DatabaseUnavailable("disk I/O error"): "The database cannot be reached: disk I/O "
    "error. Check the path, its permissions and the disk.",
    errors.DatabaseCorrupt("malformed"): "The database is damaged: malformed. Restore it from a "
    "backup.",
    errors.BrokenConstraint("FOREIGN KEY"): "The database refused a row: FOREIGN KEY.",
    errors.DuplicateId("party.ven_id"): "An identifier is in use already: party.ven_id.",
    errors.DuplicateId("by 'B'", kind="venID", value="a"): "The venID 'a' is in use already (by "
    "'B'); choose another.",
    errors.UnknownId(kind="event", value="peak"): "There is no event 'peak' in the database.",
    StorageError("odd"): "The database failed: odd.",
}


@pytest.mark.parametrize(("error", "text"), TEXTS.items())
def test_an_error_says_what_happened_and_what_to_do(error: StorageError, text: str) -> None:
    assert str(error) == text


def test_every_error_is_tested_and_drawn_in_the_tree() -> None:
    names = vars(errors).values()
    known = {cls for cls in names if isinstance(cls, type) and issubclass(cls, StorageError)}
    assert {type(error) for error in TEXTS} == known
    assert all(cls.__name__ in str(errors.__doc__) for cls in known)
