"""What a known fault of openleadr is, and what proves it."""

from dataclasses import dataclass

from conformance.checks import Side

VTN, VEN = Side.VTN, Side.VEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A finding that must be there.

    Attributes:
        side: who does it.
        id: of the check or demand.
        case: code of the case in which; any if empty.
        variant: part of the name of the set-up in which; any if empty.
    """

    side: Side
    id: str
    case: str = ""
    variant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A fault of openleadr.

    Attributes:
        number: of the study.
        rules: that it violates, as labels.
        words: what is wrong.
        proofs: findings of the kit, each of which must be there.
        probed: whether the study has run it, rather than read it in the source.
    """

    number: str
    rules: str
    words: str
    proofs: tuple[Proof, ...]
    probed: bool = True


def _proofs(side: Side, texts: tuple[str, ...]) -> tuple[Proof, ...]:
    """Returns proofs of texts such as ``"R61.empty_snapshot @E1_1010 %HTTP"``."""
    found = []
    for text in texts:
        name, *more = text.split(" ", 1)
        rest = more[0] if more else ""
        case, _, variant = rest.partition("%")
        found.append(
            Proof(side=side, id=name, case=case.strip().lstrip("@"), variant=variant.strip())
        )
    return tuple(found)


def vtn_fault(number: str, rules: str, words: str, *texts: str, probed: bool = True) -> Known:
    """Returns a fault of the VTN; each text is an identifier, ``@`` a case, ``%`` a set-up."""
    return Known(number=number, rules=rules, words=words, proofs=_proofs(VTN, texts), probed=probed)


def ven_fault(number: str, rules: str, words: str, *texts: str, probed: bool = True) -> Known:
    """Returns a fault of the VEN."""
    return Known(number=number, rules=rules, words=words, proofs=_proofs(VEN, texts), probed=probed)


def shared_fault(number: str, rules: str, words: str, vtn: str, ven: str) -> Known:
    """Returns a fault that both have."""
    proofs = (*_proofs(VTN, (vtn,)), *_proofs(VEN, (ven,)))
    return Known(number=number, rules=rules, words=words, proofs=proofs)
