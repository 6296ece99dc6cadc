"""``VEN``: OpenLEADR's constructor, its attributes, and its way to run."""

import asyncio
import inspect
import logging
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openleadr.client import OpenADRClient

from certs import fingerprints
from certs.authority import Authority
from certs.files import load_certificates
from oadr.enums import EventStatus, OptType
from oadr.messages import CreateOpt, CreatePartyRegistration, Poll
from runtime.fake_time import until
from runtime.policy import SignaturePolicy
from tests.ven.compat_world import Street
from tests.ven.scripted import NOW, event, request
from ven import VEN, Client
from ven.errors import Unreachable
from ven.options import Options

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programme")
    authority = Authority.create(folder / "ca", "Test programme")
    authority.issue_ven("school-7").save(folder / "ven.crt", folder / "ven.key", "sesame")
    return folder


def keys(folder: Path) -> dict[str, Any]:
    return {
        "cert": str(folder / "ven.crt"),
        "key": str(folder / "ven.key"),
        "passphrase": "sesame",
        "ca_file": str(folder / "ca" / "ca.crt"),
    }


def test_the_constructor_takes_openleadrs_arguments_in_order_and_with_its_defaults() -> None:
    theirs = inspect.signature(OpenADRClient.__init__).parameters
    ours = inspect.signature(VEN.__init__).parameters
    positional = [
        (name, one.default)
        for name, one in ours.items()
        if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    assert positional == [(name, one.default) for name, one in theirs.items()]


def test_every_public_method_and_argument_of_openleadrs_client_is_there() -> None:
    ven = VEN("school-7", "http://vtn.example")
    client: Any = OpenADRClient
    for name, method in inspect.getmembers(client, inspect.isfunction):
        if name.startswith("_") or name == "on_cancel_party_registration":
            continue
        mine = getattr(VEN, name)
        assert (
            asyncio.iscoroutinefunction(mine)
            or not asyncio.iscoroutinefunction(method)
            or (name in {"on_event", "on_update_event"})
        )
        if name in {"on_event", "on_update_event"}:
            continue
        wanted = list(inspect.signature(method).parameters)
        assert list(inspect.signature(mine).parameters)[: len(wanted)] == wanted, name
    for name in vars(client("a", "http://x")):
        if not name.startswith("_"):
            getattr(ven, name)


def test_it_counts_as_openleadrs_client_which_nobody_has_to_load() -> None:
    script = (
        "import sys; from ven import VEN; v = VEN('a', 'http://x');"
        "print('openleadr' in sys.modules, 'apscheduler' in sys.modules);"
        "from openleadr import OpenADRClient;"
        "print(isinstance(v, OpenADRClient), isinstance(v, VEN), v.add_report.__module__)"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["False", "False", "True", "True", "ven.compat.reports"]


def test_it_starts_without_what_only_some_programs_need() -> None:
    script = "import sys; from ven import VEN; VEN('a', 'http://x');"
    script += "print([m for m in %r if m in sys.modules])"
    heavy = ("openleadr", "apscheduler", "pydantic", "cryptography", "signxml", "sqlalchemy")
    found = subprocess.run(
        [sys.executable, "-c", script % (heavy,)], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_fingerprint_of_the_certificate_is_printed_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    VEN("school-7", "http://vtn.example", **keys(folder))
    own = fingerprints(load_certificates(folder / "ven.crt")[0]).openadr
    assert capsys.readouterr().out == f"Your VEN Certificate Fingerprint is {own}\n"
    VEN("school-7", "http://vtn.example", show_fingerprint=False, **keys(folder))
    VEN("school-7", "http://vtn.example")
    assert not capsys.readouterr().out


def test_a_certificate_that_is_not_there_or_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ven.crt").write_text("hello")
    files: dict[str, Any] = {"key": "ven.key", "ca_file": "ca.crt"}
    with pytest.raises(FileNotFoundError):
        VEN("school-7", "http://vtn.example", cert=str(tmp_path / "none.crt"), **files)
    with pytest.raises(ValueError, match="is no certificate"):
        VEN("school-7", "http://vtn.example", cert=str(tmp_path / "ven.crt"), **files)


@pytest.mark.parametrize("url", ["http://vtn.example", "https://vtn.example"])
def test_vtn_fingerprint_is_that_of_signatures_and_not_of_the_connection(url: str) -> None:
    ven = VEN("school-7", url, vtn_fingerprint="0A:" * 9 + "0A")
    connection = ven._connection
    assert connection.signatures is SignaturePolicy.REQUIRED
    assert connection.signature_fingerprint == "0A:" * 9 + "0A"
    assert connection.vtn_fingerprint is None
    assert VEN("school-7", url)._connection.signatures is SignaturePolicy.IGNORED


def test_messages_are_signed_with_the_certificate_unless_that_is_switched_off(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert VEN("a", "http://x", **keys(folder))._connection.signs
    assert not VEN("a", "http://x", disable_signature=True, **keys(folder))._connection.signs
    assert capsys.readouterr().out.count("\n") == 2


def test_store_and_state_are_two_names_of_one_thing(tmp_path: Path) -> None:
    path = tmp_path / "ven.db"
    for given in ({"store": path}, {"state": path}, {"state": str(path), "store": path}):
        ven = VEN("a", "http://x", **given)
        assert ven._machine.core.state.database.path == str(path)
    assert VEN("a", "http://x")._machine.core.state.database.path == ":memory:"
    with pytest.raises(ValueError, match=r"store is a\.db and state is b\.db"):
        VEN("a", "http://x", store="a.db", state="b.db")


async def test_run_returns_when_the_ven_is_introduced_and_it_lives_on(street: Street) -> None:
    ven = street.openleadr()
    assert (ven.registration_id, ven.ven_id, ven.poll_frequency, ven.loop) == (
        None,
        None,
        None,
        None,
    )
    await ven.run()
    assert (ven.registration_id, ven.ven_id) == ("reg-1", "ven-1")
    assert ven.poll_frequency == timedelta(seconds=10)
    assert ven.loop is asyncio.get_running_loop()
    assert street.vtn.names() == ["CreatePartyRegistration", "RegisterReport", "RequestEvent"]
    assert len(street.vtn.got(Poll)) == 1
    await street.pass_time(MINUTE)
    assert len(street.vtn.got(Poll)) >= 6


async def test_c9_run_returns_when_the_vtn_is_away_and_the_ven_goes_on_trying(
    street: Street,
) -> None:
    street.vtn.down = Unreachable("no")
    ven = street.openleadr()
    await ven.run()
    assert ven.registration_id is None
    street.vtn.down = None
    await street.pass_time(5 * MINUTE)
    assert ven.registration_id == "reg-1"


async def test_run_returns_when_it_is_stopped_before_the_vtn_has_answered(street: Street) -> None:
    from tests.ven.scripted import HANG

    street.vtn.script(CreatePartyRegistration, HANG)
    ven = street.openleadr()
    running = asyncio.create_task(ven.run())
    await until(lambda: street.vtn.got(CreatePartyRegistration))
    ven._stopped.set()
    await running
    await ven._machine.stop(grace=0.001)


async def test_a_ven_of_a_configuration_runs_until_it_is_stopped(
    street: Street, tmp_path: Path
) -> None:
    path = tmp_path / "ven.toml"
    path.write_text('ven_name = "school-7"\nvtn_url = "http://vtn.example"\n')
    ven = VEN.from_config(path, exchange=street.vtn, clock=street.clock)
    running = asyncio.create_task(ven.run())
    await until(lambda: ven.registration_id)
    await asyncio.sleep(0.01)
    assert not running.done()
    await ven.stop()
    await running


async def test_a_restart_on_a_store_remembers_and_one_without_forgets(street: Street) -> None:
    for store, again in ((street.state, 0), (":memory:", 1)):
        first = street.openleadr(store=store)
        await first.run()
        await first.stop()
        before = len(street.vtn.got(CreatePartyRegistration))
        second = street.openleadr(store=store)
        await second.run()
        assert len(street.vtn.got(CreatePartyRegistration)) == before + again
        await second.stop()


async def test_name_id_and_poll_frequency_can_be_set(street: Street) -> None:
    ven = street.openleadr(ven_id="v-9")
    assert (ven.ven_id, ven.ven_name, ven.vtn_url) == ("v-9", "school-7", "http://vtn.example")
    ven.ven_name, ven.ven_id, ven.poll_frequency = "bakery", "v-8", timedelta(seconds=30)
    await ven.run()
    (sent,) = street.vtn.got(CreatePartyRegistration)
    assert (sent.ven_name, sent.ven_id) == ("bakery", "v-8")
    await street.pass_time(MINUTE)
    assert len(street.vtn.got(Poll)) == 3
    assert ven.poll_frequency == timedelta(seconds=30)


async def test_the_scheduler_is_made_when_it_is_touched_and_runs_while_the_ven_does(
    street: Street,
) -> None:
    ven, ticks = street.openleadr(), []
    ven.scheduler.add_job(lambda: ticks.append(1), trigger="interval", seconds=0.01)
    assert not ven.scheduler.running
    await ven.run()
    await until(lambda: ticks)
    assert ven.scheduler.running
    await ven.stop()
    await asyncio.sleep(0)
    assert not ven.scheduler.running


async def test_a_scheduler_that_is_touched_late_runs_at_once(street: Street) -> None:
    ven = street.openleadr()
    await ven.run()
    assert ven.scheduler.running


async def test_r59_a_cancelled_event_is_gone_at_once(street: Street) -> None:
    street.vtn.events = [event("e1")]
    ven = street.openleadr()
    ven.add_handler("on_event", lambda event: "optIn")
    await ven.run()
    assert len(ven.received_events) == 1
    street.vtn.distribute(event("e1", modification=1, status=EventStatus.CANCELLED))
    await street.pass_time(MINUTE)
    assert (ven.received_events, ven.responded_events) == ([], {})


async def test_events_are_lists_of_dicts_with_the_status_of_now(street: Street) -> None:
    street.vtn.events = [event("e1"), event("e2", start=NOW + timedelta(hours=5))]
    ven = street.openleadr(events_clean_up_period=60)
    ven.add_handler("on_event", lambda event: "optIn")
    await ven.run()
    assert [one["event_descriptor"]["event_id"] for one in ven.received_events] == ["e1", "e2"]
    assert ven.responded_events == {"e1": "optIn", "e2": "optIn"}
    await street.pass_time(31 * MINUTE, step=MINUTE)
    status = [one["event_descriptor"]["event_status"] for one in ven.received_events]
    assert status == ["active", "far"]
    await street.pass_time(29 * MINUTE, step=MINUTE)
    assert len(ven.received_events) == 2
    await street.pass_time(2 * MINUTE, step=MINUTE)
    assert [one["event_descriptor"]["event_id"] for one in ven.received_events] == ["e2"]


async def test_the_log_tells_when_the_status_of_an_event_changes(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    street.vtn.events = [event("e1")]
    ven = street.openleadr(event_status_log_period=60)
    ven.add_handler("on_event", lambda event: "optIn")
    await ven.run()
    with caplog.at_level(logging.INFO, logger="openadr.ven"):
        await street.pass_time(32 * MINUTE, step=MINUTE)
    assert [one for one in caplog.messages if one.endswith(" now")] == ["event e1 is active now"]


async def test_opts_and_waiting_reports_can_be_looked_at(street: Street) -> None:
    from openleadr import objects

    ven = street.openleadr()
    assert (ven.opts, ven.pending_reports.qsize(), ven.incomplete_reports) == ([], 0, {})
    ven.add_report(lambda: 1, "hall", "REAL_POWER", report_duration=timedelta(hours=1))
    street.vtn.requests = [request("rr-1", "hall", granularity=60, back=60)]
    await ven.run()
    (wanted,) = ven.report_requests
    assert (wanted["report_request_id"], wanted["r_ids"]) == ("rr-1", ["hall"])
    assert (wanted["granularity"], wanted["report_back_duration"]) == (MINUTE, MINUTE)
    assert ven.pending_reports.empty()
    assert not ven.pending_reports.full()
    street.vtn.down = Unreachable("no")
    await street.pass_time(2 * MINUTE)
    assert ven.pending_reports.qsize() >= 1
    street.vtn.down = None
    times = objects.Vavailability(
        components=[objects.VavailabilityComponent(dtstart=NOW, duration=timedelta(hours=1))]
    )
    opt_id = await ven.create_opt("optOut", "economic", [{"ven_id": "ven-1"}], times)
    (opt,) = ven.opts
    assert isinstance(opt, objects.Opt)
    assert (opt.opt_id, opt.opt_type, opt.vavailability) == (opt_id, "optOut", times)
    assert len(street.vtn.got(CreateOpt)) == 1


async def test_two_clients_in_one_process_do_not_meet(street: Street) -> None:
    one, other = street.openleadr(), street.openleadr(store=":memory:")
    one.add_handler("on_event", lambda event: "optIn")
    one.add_hook("after_parse_xml", print)
    one.add_report(lambda: 1, "hall", "REAL_POWER", report_duration=timedelta(hours=1))
    assert not other._machine.core.hooks.has("on_event")
    assert (other.reports, other.report_callbacks, other.hooks["after_parse_xml"]) == ([], {}, [])
    assert one.scheduler is not other.scheduler


def test_what_was_given_can_be_looked_at(folder: Path) -> None:
    ven = VEN("a", "http://x/", debug=True, show_fingerprint=False, **keys(folder))
    assert (ven.debug, ven.vtn_url, ven.check_hostname) == (True, "http://x", True)
    assert (ven.cert_path, ven.key_path) == (keys(folder)["cert"], keys(folder)["key"])
    assert (ven.passphrase, ven.ca_file) == ("sesame", keys(folder)["ca_file"])
    assert ven.client_session is None


def test_options_and_default_opt_still_say_what_is_answered_by_itself() -> None:
    assert VEN("a", "http://x", default_opt="optOut")._machine.core.options.default_opt is (
        OptType.OPT_OUT
    )
    options = Options(ven_name="a", default_opt=OptType.OPT_OUT)
    assert VEN("a", "http://x", options=options)._machine.core.options == options
    assert isinstance(VEN("a", "http://x"), Client)
