"""Whether a certificate that did not come by TLS may be believed: by date, issuer and revocation.

A proxy that ends TLS has asked the same before it passes a certificate on. It is asked once more,
so that a proxy that lets everybody through opens no door, and so that a certificate that expires
or is revoked stops at once although the connections of the proxy stay open.

Spec: OpenADR 2.0b Profile Specification, section 10.3, rule 516
"""

from __future__ import annotations

import logging
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from certs.build import common_name
from certs.details import one_line
from certs.errors import FileError
from certs.examine import examine_strength, examine_usage, is_ca, is_list_of
from certs.files import load_certificates, load_crls, stamp
from certs.finding import Severity, moment
from certs.standing import LOOK_EVERY

#: Certificates whose issuer is remembered.
MAX_KNOWN = 20_000
#: What reading the certificate of a stranger may raise.
UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)

_log = logging.getLogger(__name__)
_Stamp = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a certificate proves nobody.

    Attributes:
        words: what is wrong.
        rule: the conformance rule.
    """

    words: str
    rule: str = "R517"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """From when and until when a certificate is good, as the seconds of `time.time`."""

    since: float
    until: float

    def holds(self, now: float) -> bool:
        return self.since <= now < self.until

    def within(self, other: _Span) -> _Span:
        return _Span(since=max(self.since, other.since), until=min(self.until, other.until))


class Trust:
    """The authorities of clients and what they have revoked; follows its files."""

    def __init__(
        self,
        ca: Path,
        crl: Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
        look_every: float = LOOK_EVERY,
    ) -> None:
        """Read the files.

        Args:
            ca: certificates of the authorities (PEM); each counts by itself, the one of an
                intermediate authority too.
            crl: their revocation lists (PEM); with one, each authority needs its own in it.
            clock: the real time, as seconds since 1970.
            look_every: seconds between two looks at whether a file has changed.

        Raises:
            FileError: a file is missing, or holds something else.
        """
        self._ca, self._crl = ca, crl
        self._clock = clock
        self._look_every = look_every
        self._looked = clock()
        self._stamps = self._look()
        self._authorities, self._lists = self._read()
        self._known: OrderedDict[bytes, _Span] = OrderedDict()

    def fault(self, der: bytes) -> Fault | None:
        """Return what is wrong with a certificate now; None if nothing is (R516).

        What was found out about a good one is remembered until a file changes or a date is
        reached.

        Args:
            der: of the certificate.
        """
        now = self._clock()
        self._refresh(now)
        known = self._known.get(der)
        if known is not None and known.holds(now):
            self._known.move_to_end(der)
            return None
        found = self._judge(der, now)
        if isinstance(found, Fault):
            # Strangers can make as many certificates as they like; they push nobody out.
            self._known.pop(der, None)
            return found
        self._known[der] = found
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return None

    def _look(self) -> tuple[_Stamp, _Stamp]:
        return stamp(self._ca), None if self._crl is None else stamp(self._crl)

    def _refresh(self, now: float) -> None:
        if 0 <= now - self._looked < self._look_every:
            return
        self._looked = now
        stamps = self._look()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self._authorities, self._lists = self._read()
        except FileError as error:
            _log.warning("authorities not read again, the last good ones count: %s", error)
            return
        self._known.clear()

    def _read(
        self,
    ) -> tuple[list[x509.Certificate], list[x509.CertificateRevocationList] | None]:
        authorities = [one for one in load_certificates(self._ca) if is_ca(one)]
        return authorities, None if self._crl is None else load_crls(self._crl)

    def _judge(self, der: bytes, now: float) -> _Span | Fault:
        try:
            with warnings.catch_warnings():
                # It warns of what is odd about certificates of others.
                warnings.simplefilter("ignore")
                return self._judged(x509.load_der_x509_certificate(der), now)
        except UNREADABLE:
            return Fault(words="the client certificate cannot be read")

    def _judged(self, leaf: x509.Certificate, now: float) -> _Span | Fault:
        fault = _unfit(leaf)
        if fault is not None:
            return fault
        by = one_line(leaf.issuer.rfc4514_string())
        found: _Span | Fault = Fault(
            words=f"the client certificate is signed by {by}, no authority of this VTN"
        )
        # An authority whose own certificate was renewed is there twice.
        for issuer in self._authorities:
            if _signed(leaf, issuer):
                found = self._judged_by(issuer, leaf, now)
                if isinstance(found, _Span):
                    break
        return found

    def _judged_by(
        self, issuer: x509.Certificate, leaf: x509.Certificate, now: float
    ) -> _Span | Fault:
        own, above = _span(leaf), _span(issuer)
        fault = _untimely("the client certificate", own, now)
        fault = fault or _untimely("the certificate of its issuer", above, now)
        if fault is not None or self._lists is None:
            return fault or own.within(above)
        lists = [one for one in self._lists if is_list_of(one, issuer)]
        if not lists:
            return Fault(words=f"there is no revocation list of {common_name(issuer)}")
        latest = max(lists, key=lambda one: one.last_update_utc)
        span = _span_of_list(latest)
        fault = _untimely("the revocation list of its issuer", span, now)
        if fault is None and latest.get_revoked_certificate_by_serial_number(leaf.serial_number):
            fault = Fault(words="the client certificate has been revoked", rule="R516")
        return fault or own.within(above).within(span)


def _signed(leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _span(certificate: x509.Certificate) -> _Span:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    # Valid through its last second.
    return _Span(since=start.timestamp(), until=end.timestamp() + 1)


def _span_of_list(crl: x509.CertificateRevocationList) -> _Span:
    end = crl.next_update_utc
    until = float("inf") if end is None else end.timestamp()
    return _Span(since=crl.last_update_utc.timestamp(), until=until)


def _untimely(what: str, span: _Span, now: float) -> Fault | None:
    if now >= span.until:
        return Fault(words=f"{what} has expired", rule="R516")
    if now < span.since:
        begins = moment(datetime.fromtimestamp(span.since, UTC))
        return Fault(words=f"{what} is not valid before {begins}", rule="R516")
    return None


def _unfit(leaf: x509.Certificate) -> Fault | None:
    """Return why a certificate cannot prove a client, whoever signed it (R68)."""
    for finding in (examine_usage(leaf, None), examine_strength(leaf)):
        if finding.severity is Severity.FAIL:
            return Fault(words=f"the client certificate: {finding.what}", rule="R68")
    return None
