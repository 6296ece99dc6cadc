"""What ``add_report`` has added."""

from dataclasses import dataclass
from datetime import datetime

from ven.engine.offers import report_name_of
from ven.meter import MeterSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedReport:
    """A data point that ``add_report`` has added.

    Attributes:
        spec: as it is offered.
        mode: ``"incremental"`` or ``"full"``.
        dtstart: earliest data, if that was said.
    """

    spec: MeterSpec
    mode: str
    dtstart: datetime | None

    @property
    def report_name(self) -> str:
        """Name of the report that it is in."""
        return report_name_of(self.spec)

    @property
    def specifier_id(self) -> str:
        """The reportSpecifierID of that report."""
        return self.spec.specifier_id
