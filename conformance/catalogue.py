"""All cases, by side and code, and how one is registered; see ``conformance.case``."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from conformance.checks import Side


class Suite(StrEnum):
    """A group of cases, by service."""

    REGISTRATION = "registration"
    EVENT = "event"
    OPT = "opt"
    REPORT = "report"
    GENERAL = "general"
    SECURITY = "security"


_LETTERS = {
    "N": Suite.REGISTRATION,
    "E": Suite.EVENT,
    "A": Suite.EVENT,
    "P": Suite.OPT,
    "R": Suite.REPORT,
    "G": Suite.GENERAL,
    "S": Suite.SECURITY,
}
_CODE = re.compile(r"(A_E[13]_\d{4}|[NEPRGS]1_\d{4}|K1_\d{4}[A-Z]?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case.

    Attributes:
        code: in the pull model: the name of a certification case (``N1_0010``), or ``K1_0021``
            for one of our own, numbered by its rule.
        title: a few words.
        side: of the device under test.
        suite: the group.
        rules: that it is about, by number.
        needs: configuration that the device needs beforehand, a sentence each.
        models: whether it exists for pull and for push.
        purpose: what it is for.
        steps: what happens.
        last: whether it may leave a VEN without a registration, so that others come before.
        run: the coroutine function.
    """

    code: str
    title: str
    side: Side
    suite: Suite
    rules: tuple[int, ...]
    needs: tuple[str, ...]
    models: frozenset[bool]
    purpose: str
    steps: tuple[str, ...]
    last: bool = False
    run: Callable[[Any], Awaitable[None]] = field(repr=False)

    def id(self, *, push: bool) -> str:
        """Returns the name: ``N1_0010_TH_VEN`` if a VTN is under test, push twins included."""
        return f"{pushed(self.code) if push else self.code}_TH_{self.player}"

    @property
    def player(self) -> Side:
        """The party that the kit plays."""
        return Side.VEN if self.side is Side.VTN else Side.VTN


def pushed(code: str) -> str:
    """Returns the name of the push twin: ``N0_5010`` of ``N1_0010`` (section 4.0)."""
    if code.startswith("A_E"):
        return code.replace("A_E3", "A_E2").replace("A_E1", "A_E0")
    letter, number = code[0], code[3:]
    if letter in "KS":
        return f"{letter}0_{number}"
    return f"{letter}0_{int(number) + 5000:04}"


#: By side and code, in the order of their modules.
CASES: dict[tuple[Side, str], Case] = {}

Run = Callable[[Any], Awaitable[None]]


def vtn_case(
    code: str,
    title: str,
    *,
    rules: tuple[int, ...],
    suite: Suite | None = None,
    needs: tuple[str, ...] = (),
    push: bool = True,
    pull: bool = True,
) -> Callable[[Run], Run]:
    """Registers a case whose device under test is a VTN: ``async def case(t: VtnTest)``.

    Args:
        code: of the pull variant; ``K1_`` and the number of a rule for our own.
        title: a few words.
        rules: that it is about.
        suite: the group; by the letter of the code if left out.
        needs: configuration that the device needs beforehand, a sentence each.
        push: whether it exists for the push model.
        pull: whether it exists for the pull model.
    """
    return _registered(Side.VTN, code, title, rules, suite, needs, push=push, pull=pull)


def ven_case(
    code: str,
    title: str,
    *,
    rules: tuple[int, ...],
    suite: Suite | None = None,
    needs: tuple[str, ...] = (),
    push: bool = True,
    pull: bool = True,
    last: bool = False,
) -> Callable[[Run], Run]:
    """Registers a case whose device under test is a VEN: ``async def case(t: VenTest)``.

    Args:
        code: as for ``vtn_case``, and so are the others.
        title: likewise.
        rules: likewise.
        suite: likewise.
        needs: likewise.
        push: likewise.
        pull: likewise.
        last: whether it may leave the VEN without a registration: it is run at the end.
    """
    return _registered(Side.VEN, code, title, rules, suite, needs, push=push, pull=pull, last=last)


def _registered(
    side: Side,
    code: str,
    title: str,
    rules: tuple[int, ...],
    suite: Suite | None,
    needs: tuple[str, ...],
    *,
    push: bool,
    pull: bool,
    last: bool = False,
) -> Callable[[Run], Run]:
    def register(run: Run) -> Run:
        if not _CODE.fullmatch(code) or (side, code) in CASES:
            raise ValueError(f"{code}: is no code of a case, or taken")
        group = suite or _LETTERS.get(code[0])
        if group is None:
            raise ValueError(f"{code}: needs a suite")
        purpose, steps = _told(run.__doc__ or "")
        CASES[side, code] = Case(
            code=code,
            title=title,
            side=side,
            suite=group,
            rules=rules,
            needs=needs,
            models=frozenset(model for model, there in ((False, pull), (True, push)) if there),
            purpose=purpose,
            steps=steps,
            last=last,
            run=run,
        )
        return run

    return register


def _told(docstring: str) -> tuple[str, tuple[str, ...]]:
    """Returns purpose and steps out of a docstring."""
    text = " ".join(docstring.split())
    purpose, *steps = re.split(r" (?=\d+\. [A-Z])", text)
    return purpose.strip(), tuple(one.partition(" ")[2].strip() for one in steps)
