"""What can go wrong with the store.

StorageError
+-- UnsupportedDatabase       the URL names a database that this version cannot use
+-- MissingDatabase           there is no such file, and it was not to be made
+-- ForeignDatabase           the file belongs to something else, or is no database
+-- NewerDatabase             a later version of this project wrote it
+-- DatabaseBusy              another process kept it locked for too long
+-- DatabaseFull              no space left
+-- DatabaseUnavailable       the file cannot be opened, read or written
+-- DatabaseCorrupt           the content of the file is damaged
+-- BrokenConstraint          a row refers to something that is not there
+-- DuplicateId               an identifier that must be unique is taken
+-- UnknownId                 no row has this identifier

Errors that come from the driver keep it as ``__cause__``.
"""

from oadr.errors import OpenADRError


class StorageError(OpenADRError):
    """Root of everything the store raises.

    Attributes:
        detail: the driver's words, or which database is meant.
    """

    text = "The database failed: {detail}."

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return self.text.format(detail=self.detail)


class UnsupportedDatabase(StorageError):
    """A URL that names another kind of database."""

    text = (
        "The database {detail} cannot be used; expected a file path or a URL such as "
        "sqlite+aiosqlite:///vtn.db."
    )


class MissingDatabase(StorageError):
    """A file that is not there."""

    text = "There is no database {detail}. Check the path, or create one with 'vtn init'."


class ForeignDatabase(StorageError):
    """A file that this project did not make."""

    text = "{detail} is not a database of openadr-kit. Nothing was changed in it; name another."


class NewerDatabase(StorageError):
    """A database that a later version has upgraded.

    Attributes:
        found: the revision in the database.
        known: the latest revision that this version knows.
    """

    def __init__(self, detail: str, *, found: str, known: str) -> None:
        super().__init__(detail)
        self.found = found
        self.known = known

    def __str__(self) -> str:
        return (
            f"The database {self.detail} has revision {self.found}, and this version of "
            f"openadr-kit knows up to {self.known}. Install the version that wrote it."
        )


class DatabaseBusy(StorageError):
    """Somebody else holds the database."""

    text = "The database is locked by another process: {detail}. Try again."


class DatabaseFull(StorageError):
    """No space."""

    text = "The database cannot grow: {detail}. Free space on its disk."


class DatabaseUnavailable(StorageError):
    """Input or output fails."""

    text = "The database cannot be reached: {detail}. Check the path, its permissions and the disk."


class DatabaseCorrupt(StorageError):
    """Damaged content."""

    text = "The database is damaged: {detail}. Restore it from a backup."


class BrokenConstraint(StorageError):
    """A row that contradicts the others."""

    text = "The database refused a row: {detail}."


class DuplicateId(StorageError):
    """An identifier that somebody has already.

    Attributes:
        kind: what it identifies, such as ``"venID"``; empty if only the driver noticed.
        value: the identifier.
    """

    def __init__(self, detail: str, *, kind: str = "", value: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.value = value

    def __str__(self) -> str:
        if not self.kind:
            return f"An identifier is in use already: {self.detail}."
        return f"The {self.kind} {self.value!r} is in use already ({self.detail}); choose another."


class UnknownId(StorageError):
    """An identifier that nobody has.

    Attributes:
        kind: what it should identify.
        value: the identifier.
    """

    def __init__(self, *, kind: str, value: object) -> None:
        super().__init__(f"{kind} {value!r}")
        self.kind = kind
        self.value = value

    def __str__(self) -> str:
        return f"There is no {self.kind} {self.value!r} in the database."
