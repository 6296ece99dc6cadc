"""What can go wrong in running a VTN, apart from the protocol.

VTNError
+-- NotFound        an operator names something that is not there
+-- Conflict        an operator asks for something that clashes with what is there
+-- InsecureSetup   the configuration would serve without the protection it promises
"""

from oadr.errors import OpenADRError


class VTNError(OpenADRError):
    """Root of the operator-facing errors of the VTN."""


class NotFound(VTNError):
    """There is no such VEN, event, report or group.

    Attributes:
        kind: what was looked for, such as ``"VEN"``.
        name: as it was given.
        hint: what to do.
    """

    def __init__(self, kind: str, name: str, hint: str = "") -> None:
        super().__init__(kind, name, hint)
        self.kind = kind
        self.name = name
        self.hint = hint

    def __str__(self) -> str:
        return f"there is no {self.kind} {self.name!r}" + (f"; {self.hint}" if self.hint else "")


class Conflict(VTNError):
    """It clashes with what is there already."""


class InsecureSetup(VTNError):
    """The configuration would serve without the protection that it promises."""
