"""``VTN``: this project's VTN behind the public face of ``openleadr.OpenADRServer``.

``server`` is the class itself; ``handlers`` the table of what a handler of an application
may look like; ``giving`` and ``serving`` are its parts for events and HTTP; ``events``,
``reports`` and ``services`` what applications read and change; ``hearing`` who is told;
``callbacks`` how their functions are found again after a restart; ``lookups`` and
``traffic`` what they may know of VENs and messages. Only ``objects`` imports openleadr,
when an application asks for its objects.
"""

from vtn.compat.server import VTN

__all__ = ["VTN"]
