"""The ledger of rules: every numbered conformance rule of the profile, in our words.

It is data for people and for ``docs/make_conformance.py``, which puts beside each rule
where it is implemented and which tests prove it; nothing that runs imports it. Sections
3.1 and 3.2 of the rules are in ``event`` and ``event_b``, the others have one file each.
"""

from collections.abc import Mapping
from types import MappingProxyType

from oadr.rules import event, event_b, general, opt, registration, report
from oadr.rules.rule import Rule, Section, Side

__all__ = ["RULES", "SECTIONS", "Rule", "Section", "Side"]

#: In the order of the profile.
SECTIONS: tuple[Section, ...] = (
    Section("EiEvent, as in profile 2.0a", event.RULES),
    Section("EiEvent, what profile 2.0b adds", event_b.RULES),
    Section("EiOpt", opt.RULES),
    Section("EiReport", report.RULES),
    Section("EiRegisterParty", registration.RULES),
    Section("General", general.RULES),
)

#: By number.
RULES: Mapping[int, Rule] = MappingProxyType(
    {rule.number: rule for section in SECTIONS for rule in section.rules}
)
