"""``VEN``: the client for programs that were written for OpenLEADR's ``OpenADRClient``.

An application changes its import and nothing else; what the VEN does is
``ven.client.Client``.

Where next: ``client`` is the constructor and the life of it; ``handlers`` turns handlers
of dicts into hooks; ``calls`` are the methods that return a message's name and payload;
``reports`` and ``measured`` are ``add_report``, ``meters`` what it makes; ``events``,
``opts``, ``attributes`` and ``traffic`` are what applications look at.
"""

from ven.compat.client import VEN

__all__ = ["VEN"]
