"""What an operator does: enrol, dispatch, ask for reports, cancel.

Each verb is one transaction on the store, with a line in the audit. The running server
and the command line use the same ones; a server notices what another process did.
``ven``, ``event`` and ``report`` hold the verbs of each noun.
"""

from dataclasses import dataclass

from vtn.audience import Audience, describe, resolve, target_of
from vtn.operator.acting import find_event, find_ven
from vtn.operator.event import Events
from vtn.operator.pending import Approvals
from vtn.operator.report import Reports
from vtn.operator.ven import Changes, Vens

__all__ = [
    "Audience",
    "Changes",
    "Operator",
    "describe",
    "find_event",
    "find_ven",
    "resolve",
    "target_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator(Vens, Events, Reports, Approvals):
    """Somebody who acts on a VTN's store; see ``vtn.operator.acting.Acting``."""
