"""XML signatures (section 5.4), with a VTN under test."""

import secrets
from datetime import timedelta

from conformance.case import Skipped, Suite, VtnTest, vtn_case
from conformance.cases.of_ven import answer_of, taken
from conformance.cases.vtn_security import foreign_pair
from conformance.demands import Demand, demand
from conformance.peers import Recorded
from oadr import messages as m
from oadr.signature import SigningKey, sign

_KEY = ("The VTN knows the certificate that the VEN of the kit signs with.",)

SIGNED_TAKEN = demand(514, "signed_taken", "A VTN takes a message that is signed as it must be.")
CHANGED = demand(514, "changed_refused", "A VTN refuses a message that was changed after signing.")
OTHER_KEY = demand(
    514, "other_key_refused", "A VTN refuses a signature of a key that is not that of the VEN."
)
REPLAYED = demand(514, "replay_refused", "A VTN refuses a signed message that it has seen before.")
STALE = demand(514, "stale_refused", "A VTN refuses what was signed an hour ago.")
AHEAD = demand(514, "ahead_refused", "A VTN refuses what was signed for a year ahead.")
UNSIGNED_TAKEN = demand(
    514, "unsigned_taken", "A VEN that has not announced signatures is served without them."
)


def _key(t: VtnTest) -> SigningKey:
    """Returns the key of the VEN.

    Raises:
        Skipped: it has none.
    """
    key = t.ven.identity.key
    if key is None:
        raise Skipped("the kit has no key that this VTN knows")
    return key


async def _signing(t: VtnTest) -> SigningKey:
    """Has the VEN registered as one that signs, and returns its key."""
    key = _key(t)
    await t.joined()
    if not t.ven.identity.signs:
        ids = {"registration_id": t.ven.registration_id, "ven_id": t.ven.ven_id}
        await t.ven.send(t.ven.registration(**ids, xml_signature=True), signed=True)
    return key


async def _unsigning(t: VtnTest) -> None:
    """Has the VEN registered again as it was."""
    if not t.ven.identity.signs:
        ids = {"registration_id": t.ven.registration_id, "ven_id": t.ven.ven_id}
        await t.ven.send(t.ven.registration(**ids), signed=True)


def _altered(data: bytes) -> bytes:
    """Returns a signed message with one letter changed."""
    return data.replace(b"requestID>q-", b"requestID>Q-")


def _looks_at(t: VtnTest, looks: bool) -> None:
    """Ends the case for a VTN that does not look at signatures, as it need not.

    Raises:
        Skipped: it does not, and nobody has said that it should.
    """
    if not looks and not t.ven.identity.signs:
        raise Skipped("the VTN looks at no signatures, as it may; use --sign if it is to")


def _signed(t: VtnTest, key: SigningKey, *, off: timedelta = timedelta(0)) -> bytes:
    """Returns a signed request for events.

    Args:
        t: the case.
        key: that signs.
        off: how far its time of signing is from now.
    """
    message = m.RequestEvent(request_id=t.ven.new_id(), ven_id=t.ven.ven_id)
    return sign(message, key, now=t.clock.now() + off, nonce=secrets.token_hex(16))


async def _taken(t: VtnTest, data: bytes) -> Recorded:
    sent = await t.ven.send_raw(data, "EiEvent")
    t.expect(SIGNED_TAKEN, taken(sent), answer_of(sent), sent)
    return sent


def _ignored(t: VtnTest, which: Demand, sent: Recorded) -> None:
    """Looks whether a VTN has refused a message, or not answered it."""
    fine = not taken(sent) and (sent.status is None or sent.status < 500)
    t.expect(which, fine, answer_of(sent), sent)


@vtn_case("K1_0514A", "signed messages", rules=(514,), suite=Suite.SECURITY, needs=_KEY)
async def signed_messages(t: VtnTest) -> None:
    """A signature must be that of the VEN, over what the message says.

    1. The VEN asks for its events with a signed message, and is served.
    2. The VEN sends another, of which one letter was changed after signing; it is refused.
    3. The VEN sends one that somebody else has signed; it is refused.
    4. The VEN asks for its events with a signed message, and is served.
    """
    key = await _signing(t)
    await _taken(t, _signed(t, key))
    with foreign_pair(t.ven.identity.name) as pair:
        other = SigningKey.load(pair.certificate.read_bytes(), pair.key.read_bytes())
    changed = await t.ven.send_raw(_altered(_signed(t, key)), "EiEvent")
    foreign = await t.ven.send_raw(_signed(t, other), "EiEvent")
    _looks_at(t, not (taken(changed) and taken(foreign)))
    _ignored(t, CHANGED, changed)
    _ignored(t, OTHER_KEY, foreign)
    await _taken(t, _signed(t, key))
    await _unsigning(t)


@vtn_case("K1_0514B", "replayed messages", rules=(514,), suite=Suite.SECURITY, needs=_KEY)
async def replayed_messages(t: VtnTest) -> None:
    """A signed message counts once, and not long before or after it was signed.

    1. The VEN asks for its events with a signed message, and is served.
    2. Another comes that was changed after signing: whether the VTN looks at signatures.
    3. The first message comes once more; the VTN refuses it.
    4. A message comes that was signed an hour ago; the VTN refuses it.
    5. A message comes that was signed for a year ahead; the VTN refuses it.
    """
    key = await _signing(t)
    data = _signed(t, key)
    await _taken(t, data)
    altered = await t.ven.send_raw(_altered(_signed(t, key)), "EiEvent")
    _looks_at(t, not taken(altered))
    hour_old = _signed(t, key, off=-timedelta(hours=1))
    year_ahead = _signed(t, key, off=timedelta(days=365))
    for which, odd in ((REPLAYED, data), (STALE, hour_old), (AHEAD, year_ahead)):
        _ignored(t, which, await t.ven.send_raw(odd, "EiEvent"))
    await _unsigning(t)


@vtn_case("K1_0514C", "messages without signature", rules=(514,), suite=Suite.SECURITY)
async def unsigned_messages(t: VtnTest) -> None:
    """Signatures are optional, and a VEN without them is the normal case.

    1. The VEN registers, and does not announce signatures.
    2. The VEN asks for its events without signing, and is served.
    """
    if t.ven.identity.signs:
        raise Skipped("this VTN is set up to take nothing that is not signed")
    await t.joined()
    asked = await t.ven.request_event()
    t.expect(UNSIGNED_TAKEN, taken(asked), answer_of(asked), asked)
