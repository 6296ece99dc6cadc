"""The VTN: what a utility runs.

``VTN`` is the server for embedding, with the interface of openleadr's ``OpenADRServer``;
``vtn.server.Server`` the same without it. ``vtn.hooks`` says what a handler may
implement, ``vtn.config`` what ``vtn.toml`` holds, ``vtn.operator`` what an operator does.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vtn.compat import VTN

__all__ = ["VTN"]


def __getattr__(name: str) -> object:
    # Importing openleadr takes 20 MB and a quarter of a second; only VTN needs it.
    if name == "VTN":
        from vtn.compat import VTN

        return VTN
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
