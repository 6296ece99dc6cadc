"""The VTN: what a utility runs.

``VTN`` is the server for embedding, with the interface of openleadr's ``OpenADRServer``;
``vtn.server.Server`` the same without it. ``vtn.hooks`` says what a handler may
implement, ``vtn.config`` what ``vtn.toml`` holds, ``vtn.operator`` what an operator does.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.logging_defaults import enable_default_logging
    from vtn.compat import VTN

__all__ = ["VTN", "enable_default_logging"]


def __getattr__(name: str) -> object:
    # The command line and others that need neither do not load them.
    if name == "VTN":
        from vtn.compat import VTN

        return VTN
    if name == "enable_default_logging":
        from runtime.logging_defaults import enable_default_logging

        return enable_default_logging
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
