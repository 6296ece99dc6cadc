"""What a mutant is: the life up to a step, and that step with something wrong in it."""

from dataclasses import dataclass, replace
from datetime import datetime

from conformance.checks import Finding, Side
from conformance.judge import Judge
from oadr import codec
from oadr import messages as m
from tests.conformance.life import LIFE, NOW, Step, see


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A life that ends with a broken rule.

    Attributes:
        check: the identifier of what must be found.
        before: the steps before, without fault.
        step: the one with the fault.
        also: identifiers of what else it breaks.
    """

    check: str
    before: tuple[Step, ...]
    step: Step
    also: frozenset[str]

    @property
    def name(self) -> str:
        """What a test calls it."""
        return f"{self.check}-{self.step.name.replace(' ', '_')}"

    def findings(self) -> list[Finding]:
        """Returns what is found in the last step."""
        judge = Judge(alone=True)
        for one in self.before:
            see(judge, one)
        return see(judge, self.step)


def _up_to(name: str) -> tuple[tuple[Step, ...], Step]:
    place = next(index for index, one in enumerate(LIFE) if one.name == name)
    return LIFE[:place], LIFE[place]


def ask(check: str, name: str, *changes: tuple[str, str], also: str = "") -> Mutant:
    """Returns a mutant whose request is changed: each text becomes the other, once."""
    before, step = _up_to(name)
    return _mutant(check, before, replace(step, ask=_changed(step.ask, changes)), also)


def reply(check: str, name: str, *changes: tuple[str, str], also: str = "") -> Mutant:
    """Returns a mutant whose reply is changed."""
    before, step = _up_to(name)
    return _mutant(check, before, replace(step, reply=_changed(step.reply, changes)), also)


def instead(
    check: str,
    name: str,
    request: m.Message | None = None,
    answer: m.Message | None = None,
    *,
    also: str = "",
    at: datetime | None = None,
    asked_by: Side | None = None,
    service: str | None = None,
    path: str = "",
    headers: dict[str, str] | None = None,
) -> Mutant:
    """Returns a mutant with another step in the place of one; what is left out stays."""
    before, step = _up_to(name)
    step = replace(
        step,
        ask=step.ask if request is None else codec.encode(request),
        reply=step.reply if answer is None else codec.encode(answer),
        at=at or step.at,
        asked_by=asked_by or step.asked_by,
        service=step.service if service is None else service,
        path=path or step.path,
        headers=headers or step.headers,
    )
    return _mutant(check, before, step, also)


def after(
    check: str,
    name: str,
    request: m.Message,
    answer: m.Message | None = None,
    *,
    also: str = "",
    at: datetime = NOW,
    asked_by: Side = Side.VEN,
    times: int = 1,
) -> Mutant:
    """Returns a mutant with one step more, or the same one many times, behind one."""
    before, step = _up_to(name)
    more = Step(
        name=f"after {name}",
        ask=codec.encode(request),
        reply=b"" if answer is None else codec.encode(answer),
        at=at,
        asked_by=asked_by,
    )
    return _mutant(check, (*before, step, *[more] * (times - 1)), more, also)


def _mutant(check: str, before: tuple[Step, ...], step: Step, also: str) -> Mutant:
    return Mutant(check=check, before=before, step=step, also=frozenset(also.split()))


def _changed(data: bytes, changes: tuple[tuple[str, str], ...]) -> bytes:
    text = data.decode()
    for old, new in changes:
        if old not in text:
            raise ValueError(f"{old!r} is not in {text}")
        text = text.replace(old, new, 1)
    return text.encode()
