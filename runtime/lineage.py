"""Objects that count as one of a class of OpenLEADR's which nobody may have loaded.

``isinstance(server, OpenADRServer)`` must hold for programs that ask it. Only a program
that has imported that class can ask; to import it for all others would cost each start
a quarter of a second and 20 MB.
"""

import sys
from typing import Any, ClassVar


class Descendant:
    """Base of a class that takes a second base as soon as that has been loaded.

    A subclass names it as ``_ancestor``: module and class. ``isinstance`` looks at
    ``__class__`` when the type itself does not tell, and that is the moment to take it.
    ``issubclass`` does not look there; it holds once an instance has been asked about.
    """

    _ancestor: ClassVar[tuple[str, str]]

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:
        """The class; the one time that it takes its second base, that base.

        ``isinstance`` believes the type alone unless it is told another one.
        """
        return adopt(type(self)) or type(self)


def adopt(cls: type[Descendant]) -> type[Any] | None:
    """Returns the class that has just become a base of ``cls``; None if none has."""
    module, name = cls._ancestor
    ancestor: type[Any] | None = getattr(sys.modules.get(module), name, None)
    if ancestor is None or issubclass(cls, ancestor):
        return None
    owner = next(one for one in cls.__mro__ if "_ancestor" in vars(one))
    owner.__bases__ = (*owner.__bases__, ancestor)
    return ancestor
