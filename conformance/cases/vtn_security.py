"""TLS and certificates (sections 5.1 and 5.2), with a VTN under test.

What a VTN says about keys and who holds them is tried with connections of a case's own:
TLS 1.2 shows a refusal within the handshake.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from certs import Authority, KeyPair, TLSFiles
from conformance.case import Skipped, Suite, VtnTest, vtn_case
from conformance.cases.of_ven import answer_of, maybe_with_ven_id, of_each_kind, refused
from conformance.checks import Severity
from conformance.demands import demand
from conformance.peers import Recorded
from conformance.peers.peer import service_to_vtn
from conformance.peers.tls import SUITES, client
from oadr import messages as m

_TLS = ("The VTN listens with TLS, and the kit has a certificate that it trusts.",)

ACCEPTS_SUITES = demand(
    67, "accepts_suites", "A VTN accepts TLS 1.2 with each of the two suites of the profile."
)
SELECTS_SUITE = demand(
    67,
    "selects_suite",
    "Unless it is set up otherwise, a VTN selects one of the two suites whatever else is offered.",
)
REFUSES_OLD = demand(67, "refuses_old", "A VTN refuses TLS 1.1 and what is older.")
NEEDS_CERTIFICATE = demand(
    517, "needs_certificate", "A VTN lets nobody in who shows no certificate."
)
BY_403 = demand(
    517,
    "kept_out_by_403",
    "Who is kept out by HTTP and not by TLS is answered with 403.",
    Severity.WARNING,
)
TRUSTS_AUTHORITY = demand(
    68, "trusts_authority", "A VTN lets nobody in with a certificate of an unknown authority."
)
REFUSES_EXPIRED = demand(
    516, "refuses_expired", "A VTN lets nobody in with a certificate that has expired."
)
STRANGER = demand(
    517,
    "stranger_refused",
    "Who has another certificate is not the VEN whose venID he says, and is refused.",
)
STRANGER_NAMELESS = demand(
    517,
    "nameless_stranger_refused",
    "Who is not registered is refused with a message without venID as well.",
)


def files_of(t: VtnTest) -> TLSFiles:
    """Returns the certificates of the VEN.

    Raises:
        Skipped: there is no TLS.
    """
    files = t.ven.identity.files
    if files is None or files.ca is None:
        raise Skipped("the kit has no certificates for this VTN")
    return files


def _authority(t: VtnTest) -> Path:
    ca = files_of(t).ca
    assert ca is not None  # noqa: S101 - looked at before
    return ca


@contextmanager
def foreign_pair(name: str) -> Iterator[KeyPair]:
    """Gives a certificate of an authority that nobody has heard of.

    Args:
        name: that it is made out for.
    """
    with TemporaryDirectory(prefix="conformance-") as place:
        folder = Path(place)
        authority = Authority.create(folder / "ca", "Nobody's authority")
        pair = KeyPair(certificate=folder / "ven.crt", key=folder / "ven.key")
        authority.issue_ven(name).save(pair.certificate, pair.key)
        yield pair


async def _knock(t: VtnTest, *pairs: KeyPair) -> Recorded:
    """Asks what the VTN supports on a connection with these certificates, or with none."""
    message = t.ven.written(m.QueryRegistration(request_id=t.ven.new_id()), signed=False)
    return await t.ven.send_raw(message, "EiRegisterParty", tls=client(_authority(t), pairs))


def _kept_out(t: VtnTest, sent: Recorded) -> bool:
    """Whether somebody was let say nothing: by TLS, or by HTTP 403 (R517)."""
    if sent.status is None:
        return True
    # Servers that only say so after the handshake differ in the status.
    kept_out = 400 <= sent.status < 500
    if kept_out:
        t.expect(BY_403, sent.status == 403, answer_of(sent), sent)
    return kept_out


@vtn_case("K1_0067A", "cipher suites", rules=(67, 68), suite=Suite.SECURITY, needs=_TLS)
async def cipher_suites(t: VtnTest) -> None:
    """A VTN speaks TLS 1.2 with both suites that the profile names, and prefers these.

    1. The VEN offers TLS 1.2 with the EC suite and nothing else; the VTN accepts.
    2. The VEN offers TLS 1.2 with the RSA suite and nothing else; the VTN accepts.
    3. The VEN offers TLS 1.2 and 1.3 with all suites; the VTN selects one of these two.
    """
    files, ca = files_of(t), _authority(t)
    for suite in SUITES:
        found = await t.ven.shake(client(ca, files.pairs, suites=[suite]))
        if not found.tried:
            raise Skipped(f"this machine cannot speak {suite}")
        t.expect(ACCEPTS_SUITES, found.ok and found.suite == suite, f"{suite}: {found.problem}")
    both = [*SUITES, "ECDHE+AESGCM"]
    offered = client(ca, files.pairs, suites=both, newest=ssl.TLSVersion.TLSv1_3)
    found = await t.ven.shake(offered)
    if found.ok:
        seen = f"{found.version} {found.suite}"
        t.expect(SELECTS_SUITE, found.suite in SUITES and found.version == "TLSv1.2", seen)


@vtn_case("K1_0067B", "old versions of TLS", rules=(67,), suite=Suite.SECURITY, needs=_TLS)
async def old_versions(t: VtnTest) -> None:
    """A VTN does not speak what is older than TLS 1.2.

    1. The VEN offers TLS 1.1, then TLS 1.0, with all suites that there are.
    2. The VTN refuses both.
    """
    files, ca = files_of(t), _authority(t)
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1):
        found = await t.ven.shake(client(ca, files.pairs, oldest=version, newest=version))
        if not found.tried:
            raise Skipped(f"this machine cannot speak {version.name}")
        t.expect(REFUSES_OLD, not found.ok, f"{found.version} {found.suite}")


@vtn_case("K1_0068", "who is let in", rules=(68, 516, 517), suite=Suite.SECURITY, needs=_TLS)
async def who_is_let_in(t: VtnTest) -> None:
    """A VTN lets nobody in whose certificate is missing or worth nothing.

    1. The VEN connects without a certificate; the VTN refuses, by TLS or by HTTP 403.
    2. The VEN connects with a certificate in its name by an unknown authority; the same.
    3. The VEN connects with a certificate that has expired, if the kit has one; the same.
    """
    files_of(t)
    sent = await _knock(t)
    t.expect(NEEDS_CERTIFICATE, _kept_out(t, sent), answer_of(sent), sent)
    with foreign_pair(t.ven.identity.name) as pair:
        sent = await _knock(t, pair)
    t.expect(TRUSTS_AUTHORITY, _kept_out(t, sent), answer_of(sent), sent)
    expired = t.ven.identity.expired
    if expired is None:
        raise Skipped("the kit has no expired certificate of an authority that the VTN trusts")
    sent = await _knock(t, expired)
    t.expect(REFUSES_EXPIRED, _kept_out(t, sent), answer_of(sent), sent)


@vtn_case("K1_0517B", "somebody else's venID", rules=(508, 517), suite=Suite.SECURITY, needs=_TLS)
async def somebody_elses_ven_id(t: VtnTest) -> None:
    """A certificate says who a VEN is, and a message cannot make it another.

    1. The VEN is registered. Somebody with another certificate of the same authority sends
       one message of each kind under its venID; the VTN refuses each with 463 or 452.
    2. The same sends messages without a venID; the VTN refuses each.
    """
    files_of(t)
    stranger = t.ven.identity.stranger
    if stranger is None:
        raise Skipped("the kit has no second certificate of an authority that the VTN trusts")
    await t.joined()
    tls = client(_authority(t), [stranger])
    for which, messages in (
        (STRANGER, of_each_kind(t, t.ven.ven_id)),
        (STRANGER_NAMELESS, maybe_with_ven_id(t, None)),
    ):
        for message in messages:
            data = t.ven.written(message, signed=False)
            sent = await t.ven.send_raw(data, service_to_vtn(message), tls=tls)
            # 459 is as good for one without venID: something is missing (R33).
            codes = ("452", "463") if which is STRANGER else ()
            fine = sent.status is None or refused(sent, *codes)
            t.expect(which, fine, answer_of(sent), sent)
