"""A VEN: registers at a VTN, decides about its events, carries them out, reports.

    from ven import VEN              # in a program; in place of openleadr's OpenADRClient, too
    from ven import Client           # the same with typed methods only

Where next: ``client`` is the facade, ``compat`` what OpenLEADR's applications need of it;
``hooks``, ``meter`` and ``load`` are what a program
plugs in; ``engine`` is what a VEN does on its own; ``state`` is what it must not forget;
``transport`` reaches the VTN; ``config`` and ``cli`` are the command ``ven``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.logging_defaults import enable_default_logging
    from ven.client import Client
    from ven.compat import VEN

__all__ = ["VEN", "Client", "enable_default_logging"]


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first used, so that nobody pays for what is not."""
    if name == "VEN":
        from ven.compat import VEN

        return VEN
    if name == "Client":
        from ven.client import Client

        return Client
    if name == "enable_default_logging":
        from runtime.logging_defaults import enable_default_logging

        return enable_default_logging
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
