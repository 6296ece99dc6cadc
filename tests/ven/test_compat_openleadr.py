"""An application of OpenLEADR's, on our VEN, at OpenLEADR's own VTN."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from certs import fingerprints
from certs.files import load_certificates
from tests.acceptance.openleadr_process import Process
from tests.acceptance.patience import until
from tests.acceptance.stock import Keys
from ven import VEN

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def openleadr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("openleadr") / "log")
    try:
        yield process
    finally:
        process.end()
        print(process.log.read_text())  # noqa: T201 - shown when a test fails


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


def sides(keys: Keys, how: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the arguments of VTN and VEN for a way to talk."""
    if how == "plain":
        return {}, {}
    ca, own = str(keys.ca), keys.ven("school")
    tls = {
        "http_cert": str(keys.vtn.certificate),
        "http_key": str(keys.vtn.key),
        "http_ca_file": ca,
    }
    signing = keys.vtn if how == "one certificate" else keys.ven("signer")
    vtn = {"cert": str(signing.certificate), "key": str(signing.key), **tls}
    ven = {
        "cert": str(own.certificate),
        "key": str(own.key),
        "ca_file": ca,
        "vtn_fingerprint": fingerprints(load_certificates(signing.certificate)[0]).openadr,
    }
    return vtn, ven


@pytest.mark.parametrize("how", ["plain", "one certificate", "two certificates"])
async def test_it_registers_answers_events_and_reports(
    openleadr: Process, keys: Keys, how: str
) -> None:
    theirs, ours = sides(keys, how)
    vtn = await openleadr.make("vtn", how, vtn_id="Utility", requested_poll_freq=SECOND, **theirs)
    url = await vtn.call("start")
    client = VEN("school", f"{url}/OpenADR2/Simple/2.0b", **ours)
    seen: list[str] = []

    async def on_event(event: dict[str, Any]) -> str:
        seen.append(event["event_descriptor"]["event_id"])
        return "optIn"

    async def on_update_event(event: dict[str, Any]) -> str:
        seen.append(event["event_descriptor"]["event_status"])
        return "optOut"

    client.add_handler("on_event", on_event)
    client.add_handler("on_update_event", on_update_event)
    specifier_id, r_id = client.add_report(
        callback=lambda: 42.5,
        resource_id="kitchen",
        measurement="REAL_POWER",
        unit="W",
        sampling_rate=SECOND,
        report_duration=timedelta(hours=1),
    )
    await client.run()
    try:
        assert (client.ven_id, client.registration_id) == ("ven-school", "registration-school")
        offer = await vtn.fact("offer")
        assert (offer["resource"], offer["measurement"]) == ("kitchen", "RealPower")
        assert (offer["unit"], offer["scale"]) == ("W", "none")
        readings = await vtn.fact("readings")
        assert {value for _, value in readings["data"]} == {42.5}
        (wanted,) = client.report_requests
        assert (wanted["report_specifier_id"], wanted["r_ids"]) == (specifier_id, [r_id])
        interval = {
            "dtstart": datetime.now(UTC) + timedelta(minutes=5),
            "duration": timedelta(minutes=10),
            "signal_payload": 2,
        }
        event_id = await vtn.call(
            "offer",
            "ven-school",
            signal_name="SIMPLE",
            signal_type="level",
            intervals=[interval],
        )
        answer = await vtn.fact("answer", id=event_id)
        assert answer["opt"] == "optIn"
        assert client.responded_events == {event_id: "optIn"}
        await vtn.call("cancel_event", "ven-school", event_id)
        await until(lambda: seen == [event_id, "cancelled"])
    finally:
        await client.stop()


async def test_a_vtn_that_signs_with_another_key_is_not_believed(
    openleadr: Process, keys: Keys
) -> None:
    theirs, ours = sides(keys, "two certificates")
    vtn = await openleadr.make("vtn", "stranger", vtn_id="Utility", **theirs)
    url = await vtn.call("start")
    wrong = fingerprints(load_certificates(keys.vtn.certificate)[0]).openadr
    client = VEN("school", url, **{**ours, "vtn_fingerprint": wrong})
    await client.run()
    assert client.registration_id is None
    await client.stop()
