"""Our messages as the dicts that OpenLEADR hands to applications, and back.

``to_dict`` and ``from_dict`` do whole messages, ``message.py`` has their table; one file
per noun does its parts. ``node.py`` reads what applications hand over and names the key
where something is wrong. Nothing here imports openleadr.
"""

from oadr.dicts.error import protocol_error_of
from oadr.dicts.event import event_from_dict, event_to_dict
from oadr.dicts.message import from_dict, to_dict
from oadr.dicts.node import plain
from oadr.dicts.report import report_from_dict, report_to_dict
from oadr.dicts.target import target_from

__all__ = [
    "event_from_dict",
    "event_to_dict",
    "from_dict",
    "plain",
    "protocol_error_of",
    "report_from_dict",
    "report_to_dict",
    "target_from",
    "to_dict",
]
