"""Why a VEN does or does not see an event, in plain words.

``facts`` reads all that bears on it in one transaction; ``headline``, ``ven`` and ``event``
make sentences of it and touch nothing. ``explain`` is what the command line calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vtn.config import Settings
from vtn.explain.event import of_event, settled
from vtn.explain.facts import Facts, of_ven, with_event, with_row
from vtn.explain.finding import Explanation, Finding, Grade
from vtn.explain.general import general
from vtn.explain.headline import headline
from vtn.explain.ven import errors
from vtn.explain.ven import of_ven as rows_of_ven
from vtn.store import Store

__all__ = [
    "Explanation",
    "Finding",
    "Grade",
    "Overview",
    "explain",
    "explain_ven",
    "explanation",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How a VEN stands, and each of its open events.

    Attributes:
        ven: the VEN.
        events: eventID and how that stands, by start.
    """

    ven: Explanation
    events: Sequence[tuple[str, Explanation]]


async def explain(
    store: Store, settings: Settings, *, ven: str, event_id: str, now: datetime
) -> Explanation:
    """Returns why a VEN does or does not see an event.

    Args:
        store: the database.
        settings: the configuration.
        ven: name or venID.
        event_id: which event.
        now: the moment.

    Raises:
        NotFound: there is no such VEN, or no such event.
    """
    async with store.read() as tx:
        facts = await with_event(tx, await of_ven(tx, settings, now, ven), event_id)
    return explanation(facts)


async def explain_ven(store: Store, settings: Settings, *, ven: str, now: datetime) -> Overview:
    """Returns how a VEN stands in general, and each of its open events.

    Raises:
        NotFound: there is no such VEN.
    """
    async with store.read() as tx:
        facts = await of_ven(tx, settings, now, ven)
        open_ = [row for row in facts.rows if row[0].retire_at > now]
        found = [(row[0].event_id, await with_row(tx, facts, row)) for row in open_]
    each = [(event_id, explanation(one)) for event_id, one in found]
    return Overview(ven=general(facts, each), events=each)


def explanation(facts: Facts) -> Explanation:
    """Returns what the facts about an event at a VEN say."""
    grade, words = headline(facts)
    findings = [*rows_of_ven(facts), *of_event(facts), *errors(facts, but=settled(facts))]
    return Explanation(
        headline=words, grade=grade, next_poll=facts.next_poll, findings=tuple(findings)
    )
