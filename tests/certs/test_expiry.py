"""What ends is told in time, each threshold once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import Authority
from certs.errors import FileError
from certs.expiry import (
    THRESHOLDS,
    ExpiryWarning,
    Told,
    certificate_ends,
    list_ends,
    own_end,
    warn_of,
)
from certs.folder import Issued
from certs.revocation import CRL_VALID
from certs.standing import EXPIRED, LOOK_EVERY, REVOKED, OwnEnd, Standing
from tests.certs.conftest import NOW, World, saved

DAY = timedelta(days=1)


def warned(left: timedelta) -> list[ExpiryWarning]:
    return warn_of(NOW + left, who="VEN x", what="certificate", todo="renew it", now=NOW)


@pytest.mark.parametrize("days", THRESHOLDS)
def test_each_threshold_is_crossed_when_so_many_days_are_left(days: int) -> None:
    (warning,) = warned(days * DAY - timedelta(seconds=1))
    assert warning.threshold == days
    assert warning.days == days - 1
    before = warned(days * DAY)
    assert not before or before[0].threshold > days


def test_what_does_not_end_or_not_soon_is_not_warned_of() -> None:
    assert warned(60 * DAY) == []
    assert warn_of(None, who="", what="", todo="", now=NOW) == []


def test_words_say_when_and_whether_it_is_over() -> None:
    (soon,) = warned(DAY + timedelta(hours=1))
    assert soon.words.startswith("certificate of VEN x ends in 1 day: ")
    (today,) = warned(timedelta(hours=1))
    assert "within a day" in today.words
    (over,) = warned(timedelta(seconds=-1))
    assert "has ended" in over.words
    assert (over.days, over.threshold) == (-1, 0)


def test_each_threshold_is_told_once() -> None:
    told, heard = Told(), []
    for hours in range(0, 75 * 24, 6):
        now = NOW + timedelta(hours=hours)
        ends = warn_of(NOW + 70 * DAY, who="x", what="certificate", todo="", now=now)
        heard += [one.threshold for one in told.news(ends)]
    assert heard == [60, 30, 14, 3, 0]


def test_a_renewed_certificate_is_told_of_anew() -> None:
    told = Told()
    assert told.news(warned(2 * DAY))
    assert not told.news([])
    assert told.news(warned(2 * DAY))


def test_ends_are_read_from_files(world: World, tmp_path: Path) -> None:
    end = world.vtn_ec.issued.certificate.not_valid_after_utc
    assert own_end(world.vtn_ec.pair.certificate) == end
    both = tmp_path / "two.crt"
    both.write_bytes(world.vtn_ec.issued.certificate_pem + world.ven_ec.issued.certificate_pem)
    assert len(certificate_ends(both)) == 2
    assert list_ends(world.authority.crl_path) == [NOW + CRL_VALID]
    assert own_end(tmp_path / "missing.crt") is None
    for read in (certificate_ends, list_ends):
        with pytest.raises(FileError):
            read(tmp_path / "missing.crt")
        with pytest.raises(FileError):
            read(world.vtn_ec.pair.key)


def der_of(issued: Issued) -> bytes:
    return issued.certificate.public_bytes(Encoding.DER)


def test_r516_a_certificate_stands_until_it_expires(world: World) -> None:
    der, seconds = der_of(world.ven_ec.issued), [NOW.timestamp()]
    standing = Standing(clock=lambda: seconds[0])
    assert standing.problem(der) == ""
    seconds[0] = world.ven_ec.issued.certificate.not_valid_after_utc.timestamp() + 1
    assert standing.problem(der) == EXPIRED


def test_r516_a_certificate_stands_until_the_list_names_it(authority: Authority) -> None:
    one, two = authority.issue_ven("one", now=NOW), authority.issue_ven("two", now=NOW)
    standing = Standing(authority.crl_path, look_every=0.0)
    assert standing.problem(der_of(one)) == ""
    authority.revoke("one", now=NOW)
    assert standing.problem(der_of(one)) == REVOKED
    assert standing.problem(der_of(two)) == ""


def test_the_list_is_looked_at_once_a_second_at_most(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    der = der_of(authority.issue_ven("one", now=NOW))
    standing = Standing(authority.crl_path)
    looks: list[Path] = []
    real = Path.stat

    def stat(path: Path, **options: bool) -> object:
        looks.append(path)
        return real(path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", stat)
        found = {standing.problem(der) for _ in range(1000)}
    assert found == {""}
    assert len(looks) <= 1
    assert LOOK_EVERY <= 1.0


def test_what_cannot_be_read_is_left_to_tls(authority: Authority) -> None:
    standing = Standing(authority.crl_path)
    assert standing.problem(b"?") == ""
    assert not standing.revoked(None)


def test_our_own_end_follows_the_file(authority: Authority, tmp_path: Path) -> None:
    short = saved(authority.issue_ven("short", valid_for=DAY, now=NOW), tmp_path, "short")
    long = authority.issue_ven("long", now=NOW)
    path, seconds = short.pair.certificate, [NOW.timestamp()]
    end = OwnEnd(path, clock=lambda: seconds[0])
    found = [(end.at, end.expired)]
    seconds[0] += 86401
    found.append((end.at, end.expired))
    path.write_bytes(long.certificate_pem)
    seconds[0] += LOOK_EVERY
    found.append((end.at, end.expired))
    path.unlink()
    seconds[0] += LOOK_EVERY
    found.append((end.at, end.expired))
    later = long.certificate.not_valid_after_utc
    assert found == [(NOW + DAY, False), (NOW + DAY, True), (later, False), (None, False)]
