"""How much a VEN may have said about when it takes part.

All of it is read and weighed together, part by part, so it is limited as a whole.
"""

from collections.abc import Collection, Iterable

from oadr import messages as m
from oadr import opt as rules
from oadr.errors import DeploymentError
from oadr.opt.scope import devices_in, resources_in
from vtn.participation import as_schedule
from vtn.store.delivery import Answer
from vtn.store.opt import StoredOpt

#: Schedules of one VEN that can hold at once, and the bytes of their documents.
MOST, BYTES = 1000, 2 * 1024 * 1024
#: Bytes of the document of one schedule.
LONGEST = 256 * 1024
#: Different things that oadrCreateOpts say about one event at once.
OPTS = 200
#: Names that are told apart: resources, with each of the device classes.
NAMES, CLASSES = 5000, 32


def fits(rows: Collection[StoredOpt]) -> bool:
    """Returns whether so many schedules of one VEN may hold at once."""
    if len(rows) > MOST or sum(row.size for row in rows) > BYTES:
        return False
    scopes = [as_schedule(row).scope for row in rows]
    return _are_few(
        {name for one in scopes for name in resources_in(one.parts)},
        {name for one in scopes for name in one.devices | devices_in(one.parts)},
    )


def check_opts(message: m.CreateOpt, said: Iterable[Answer]) -> None:
    """Returns if there is room for what an oadrCreateOpt says about an event.

    Args:
        message: the oadrCreateOpt.
        said: what the VEN has said about that event before.

    Raises:
        DeploymentError: there is none.
    """
    about = {
        (one.resources, one.device_classes)
        for one in said
        if one.void_at is None and one.source == "createOpt"
    }
    devices = rules.device_classes_of(message)
    about.add((tuple(sorted(message.target.resource_ids)), tuple(sorted(devices))))
    few = _are_few(
        {name for resources, _ in about for name in resources},
        {name for _, classes in about for name in classes},
    )
    if len(about) > OPTS or not few:
        raise DeploymentError("too many parts of this VEN say different things", rule="R206")


def _are_few(resources: Collection[str], devices: Collection[str]) -> bool:
    return len(devices) <= CLASSES and (len(resources) + 1) * (len(devices) + 1) <= NAMES
