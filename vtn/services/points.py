"""What a VEN can measure, ready for its next report.

The metadata of a VEN is read from the store once and kept until the VEN registers its
reports again; a report is then taken in without a query for it.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from oadr.errors import InvalidId
from oadr.report import DataPoint, Offer, read_metadata
from vtn.store import Transaction
from vtn.store import report as reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The data points of one VEN.

    Attributes:
        offers: by reportSpecifierID; also reports that are no longer offered, because
            readings of them may still arrive.
        keys: (reportSpecifierID, rID) -> row of the data point in the store.
        seen: requests of which a report has been looked at closely.
    """

    offers: dict[str, Offer]
    keys: dict[tuple[str, str], int]
    seen: set[int] = field(default_factory=set)
    _by_id: dict[str, dict[str, DataPoint]] = field(default_factory=dict)

    def by_id(self, offer: Offer) -> dict[str, DataPoint]:
        """Returns the data points of one of the offers by ``rID``; worked out once."""
        found = self._by_id.get(offer.specifier_id)
        if found is None:
            found = self._by_id[offer.specifier_id] = offer.by_id()
        return found

    def offer(self, specifier_id: str) -> Offer:
        """Returns an offer.

        Raises:
            InvalidId: this VEN never offered it (R304).
        """
        found = self.offers.get(specifier_id)
        if found is None:
            raise InvalidId(f"reportSpecifierID {specifier_id!r} was never offered", rule="R304")
        return found


async def load(tx: Transaction, party_pk: int) -> Points:
    """Returns the data points of a VEN from the store."""
    offers = {offer.specifier_id: offer for offer in await _offers(tx, party_pk)}
    keys: dict[tuple[str, str], int] = {}
    former: dict[str, list[DataPoint]] = {}
    for row in await reports.data_points(tx, party_pk=party_pk):
        keys[row.specifier_id, row.r_id] = row.pk
        if row.specifier_id not in offers:
            former.setdefault(row.specifier_id, []).append(_point(row))
    for specifier_id, points in former.items():
        offers[specifier_id] = Offer(
            specifier_id=specifier_id,
            report_name="",
            duration=timedelta(0),
            points=tuple(points),
        )
    return Points(offers=offers, keys=keys)


async def _offers(tx: Transaction, party_pk: int) -> tuple[Offer, ...]:
    return read_metadata(await reports.offers(tx, party_pk=party_pk))


def _point(row: reports.DataPointRow) -> DataPoint:
    return DataPoint(
        r_id=row.r_id,
        report_type=row.report_type or "",
        unit=None,
        reading_type="",
        min_period=timedelta(0),
        max_period=timedelta(0),
    )
