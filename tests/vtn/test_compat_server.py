"""The constructor of ``VTN``: openleadr's, argument by argument."""

import inspect
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openleadr.server import OpenADRServer

from certs import Authority
from oadr import messages as m
from runtime.errors import ConfigError
from runtime.fake_time import until
from runtime.hooks import HandlerError
from tests.vtn.compat_kit import a_server, event, metadata, running, steps
from tests.vtn.kit import usage
from vtn import VTN
from vtn.errors import InsecureSetup
from vtn.hooks import Context


def test_it_counts_as_an_openadrserver() -> None:
    assert isinstance(VTN(vtn_id="one"), OpenADRServer)


def test_every_argument_of_openleadr_is_there_in_its_place_with_its_default() -> None:
    theirs = list(inspect.signature(OpenADRServer).parameters.values())
    ours = list(inspect.signature(VTN).parameters.values())
    assert [one.name for one in ours[: len(theirs)]] == [one.name for one in theirs]
    assert [one.default for one in ours[1 : len(theirs)]] == [one.default for one in theirs[1:]]


def test_every_public_name_of_openleadrs_server_is_there() -> None:
    openleadrs: Any = OpenADRServer
    theirs = openleadrs(vtn_id="x")
    server = VTN(vtn_id="x")
    names = [name for name in dir(theirs) if not name.startswith("_")]
    assert [name for name in names if not hasattr(server, name)] == []
    for name, service in theirs.services.items():
        for attribute in vars(service):
            assert hasattr(server.services[name], attribute) or attribute in _INNER, attribute
        assert server.services[name].__service_name__ == service.__service_name__


#: Of no use outside of openleadr.
_INNER = {"handlers", "completed_event_ids", "event_opt_types"}


def test_a_start_loads_neither_openleadr_nor_a_database() -> None:
    code = (
        "import sys; from vtn import VTN; VTN('x').add_handler('on_poll', lambda ven_id: None);"
        "heavy = {'openleadr', 'sqlalchemy', 'pydantic', 'cryptography', 'signxml'};"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"vtn_id": 7}, "vtn_id"),
        ({"http_port": "8080"}, "http_port"),
        ({"http_port": 70000}, "http_port"),
        ({"requested_poll_freq": 10}, "requested_poll_freq"),
        ({"requested_poll_freq": timedelta(0)}, "requested_poll_freq"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(values: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        VTN(**({"vtn_id": "x"} | values))


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"http_cert": "a.crt", "http_key": "a.key"}, "http_ca_file"),
        ({"http_ca_file": "ca.crt"}, "http_cert, http_key"),
        ({"http_cert": "a.crt"}, "http_key, http_ca_file"),
    ],
)
def test_tls_without_one_of_its_three_files_is_never_plain_http(
    values: dict[str, Any], missing: str
) -> None:
    with pytest.raises(InsecureSetup, match=missing):
        VTN(vtn_id="x", **values)


def test_neither_vtn_id_nor_config_is_a_type_error_as_with_openleadr() -> None:
    with pytest.raises(TypeError, match="vtn_id"):
        VTN()


@pytest.mark.parametrize(
    "values",
    [
        {"cert": "none.crt", "key": "none.key"},
        {"http_cert": "none.crt", "http_key": "none.key", "http_ca_file": "none.ca"},
    ],
)
def test_a_file_that_is_not_there_is_a_file_not_found_error(values: dict[str, Any]) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.crt"):
        VTN(vtn_id="x", **values)


def test_plain_http_off_this_machine_must_be_forced() -> None:
    with pytest.raises(InsecureSetup, match="loopback"):
        VTN(vtn_id="x", http_host="0.0.0.0")
    VTN(vtn_id="x", http_host="0.0.0.0", force_plain=True)


def test_in_memory_vens_may_come_back_and_with_a_database_they_are_remembered(
    tmp_path: Path,
) -> None:
    assert VTN(vtn_id="x").settings.registration.readmit
    assert not VTN(vtn_id="x", store=tmp_path / "vtn.db").settings.registration.readmit


async def test_a_configuration_takes_the_place_of_the_arguments(tmp_path: Path) -> None:
    (tmp_path / "vtn.toml").write_text(
        'vtn_id = "north"\n[http]\nhost = "127.0.0.1"\nport = 0\nplain = true\n'
    )
    server = VTN(config=tmp_path / "vtn.toml")
    assert server.settings.vtn_id == "north"
    async with running(server):
        assert (tmp_path / "vtn.db").exists()


async def test_the_registration_handler_of_an_application_goes_before_the_default_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "vtn.toml").write_text(
        'vtn_id = "north"\n[http]\nhost = "127.0.0.1"\nport = 0\nplain = true\n'
    )
    server = VTN(config=tmp_path / "vtn.toml")
    async with running(server) as application:
        assert (await application.peer().register()).code == 463
        server.add_handler("on_create_party_registration", lambda info: ("ven1", "reg"))
        assert (await application.peer().register()).code == 200


# ---------------------------------------------------------------- lookups


@pytest.mark.parametrize("coroutine", [False, True])
@pytest.mark.parametrize("found", [None, {}, {"ven_id": "ven1", "registration_id": None}])
async def test_a_ven_that_ven_lookup_does_not_know_has_to_register_again(
    found: Any, coroutine: bool
) -> None:
    answer: dict[str, Any] = {"ven1": {"ven_id": "ven1", "registration_id": "reg-ven1"}}

    def ven_lookup(ven_id: str) -> Any:
        return answer.get(ven_id)

    async def lookup(ven_id: str) -> Any:
        return answer.get(ven_id)

    async with running(a_server(ven_lookup=lookup if coroutine else ven_lookup)) as application:
        peer = await application.ven()
        assert (await peer.poll()).response.ok
        answer["ven1"] = found
        assert await peer.poll() == m.RequestReregistration(ven_id="ven1")


async def test_a_wrong_return_of_ven_lookup_costs_469(caplog: pytest.LogCaptureFixture) -> None:
    def my_lookup(ven: str) -> Any:
        return 42

    async with running(a_server(ven_lookup=my_lookup)) as application:
        peer = application.peer()
        await peer.register()
        assert (await peer.poll()).response.code == 469
    assert "my_lookup" in caplog.text


@pytest.mark.parametrize("argument", ["ven_lookup", "fingerprint_lookup"])
def test_a_lookup_that_takes_no_ven_id_is_refused(argument: str) -> None:
    lookup: Any = {argument: lambda: None}
    with pytest.raises(HandlerError, match=rf"{argument}\(ven_id\)"):
        VTN(vtn_id="x", **lookup)


# ---------------------------------------------------------------- signing


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("ca") / "ca", "Test")


def _pair(authority: Authority, folder: Path, name: str = "vtn") -> tuple[str, str]:
    from datetime import UTC, datetime

    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    issued = authority.issue_vtn([f"{name}.example", "127.0.0.1"], now=datetime.now(UTC))
    issued.save(certificate, key)
    return str(certificate), str(key)


def test_the_certificate_that_signs_is_shown_unless_it_is_not_wanted(
    authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from openleadr import utils

    fingerprint: Any = utils.certificate_fingerprint
    cert, key = _pair(authority, tmp_path)
    VTN(vtn_id="x", cert=cert, key=key)
    shown = capsys.readouterr().out.splitlines()
    assert fingerprint(Path(cert).read_text()) in shown[0]
    assert "vtn.example" in shown[1]
    VTN(vtn_id="x", cert=cert, key=key, show_server_cert_domain=False)
    assert len(capsys.readouterr().out.splitlines()) == 1
    VTN(vtn_id="x", cert=cert, key=key, show_fingerprint=False)
    assert capsys.readouterr().out == ""


def test_a_certificate_that_cannot_be_read_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "x.crt").write_text("nothing")
    (tmp_path / "x.key").write_text("nothing")
    with pytest.raises(ConfigError, match=r"x\.crt"):
        VTN(vtn_id="x", cert=str(tmp_path / "x.crt"), key=str(tmp_path / "x.key"))


def test_signatures_are_ignored_only_if_that_is_asked_for() -> None:
    assert VTN(vtn_id="x").settings.signatures.policy == "accepted"
    ignoring = VTN(vtn_id="x", verify_message_signatures=False)
    assert ignoring.settings.signatures.policy == "ignored"


# ---------------------------------------------------------------- services


async def test_the_services_have_what_applications_touch() -> None:
    server = a_server(requested_poll_freq=timedelta(seconds=7))
    given = event("e1")
    server.add_raw_event("ven1", given)
    services = server.services
    assert services["event_service"].events is server.events
    assert services["event_service"].polling_method == "internal"
    assert services["poll_service"].events_updated is server.events_updated
    assert services["poll_service"].event_service is services["event_service"]
    assert services["registration_service"].poll_freq == timedelta(seconds=7)
    assert services["report_service"].vtn_id == "MyVTN"


async def test_a_handler_may_be_assigned_to_its_service() -> None:
    seen: list[str] = []
    server = a_server()
    server.services["event_service"].on_created_event = lambda ven_id, event_id, opt_type: (
        seen.append(opt_type)
    )
    server.add_event("ven1", "simple", "level", steps())
    async with running(server) as application:
        peer = await application.fresh()
        await peer.answer(await peer.poll())
    assert seen == ["optIn"]


async def test_what_was_asked_for_is_there_as_openleadrs_objects() -> None:
    from openleadr.objects import ReportRequest

    server = a_server()
    server.add_handler("on_register_report", lambda ven_id, reports: ["main"])
    async with running(server) as application:
        peer = await application.ven()
        reply = await peer.post(metadata(peer, usage()))
        (asked,) = server.services["report_service"].requested_reports["ven1"]
        assert isinstance(asked, ReportRequest)
        assert asked.report_request_id == reply.requests[0].report_request_id


# ---------------------------------------------------------------- openleadr.hooks


async def test_the_hooks_of_openleadr_are_called() -> None:
    import openleadr.hooks

    hooks: Any = openleadr.hooks
    seen: list[tuple[str, Any]] = []

    def watch(point: str) -> None:
        async def hook(*args: Any) -> None:
            seen.append((point, args[0]))

        hooks.register(point, hook)

    for point in hooks.HOOKS:
        watch(point)
    try:
        server = a_server()
        for run in (1, 2):
            async with running(server) as application:
                await application.peer().register()
                await until(lambda run=run: len(seen) == 4 * run)  # type: ignore[misc]
    finally:
        for registered in hooks.HOOKS.values():
            registered.clear()
    found = dict(seen)
    assert b"oadrCreatePartyRegistration" in found["before_parse"]
    assert found["before_handle"] == "oadrCreatePartyRegistration"
    assert found["after_handle"] == "oadrCreatedPartyRegistration"
    assert "oadrCreatedPartyRegistration" in found["before_respond"]


# ---------------------------------------------------------------- several in one process


async def test_servers_in_one_process_do_not_meet(
    authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certs = [_pair(authority, tmp_path, name) for name in ("one", "two")]
    known: list[dict[str, Any]] = [{}, {"ven1": {"registration_id": "reg-ven1"}}]
    seen: list[tuple[int, str]] = []

    def made(number: int) -> VTN:
        cert, key = certs[number]
        server = a_server(
            vtn_id=f"vtn{number}",
            cert=cert,
            key=key,
            verify_message_signatures=bool(number),
            ven_lookup=lambda ven_id: known[number].get(ven_id),
            requested_poll_freq=timedelta(seconds=10 + number),
        )
        server.add_handler("on_ven_online", lambda ven_id: seen.append((number, ven_id)))
        server.add_event("ven1", "simple", "level", steps(), event_id=f"e{number}")
        return server

    first, second = made(0), made(1)
    async with running(first) as one, running(second) as two:
        strangers, friends = one.peer(), two.peer()
        answers = [await strangers.register(), await friends.register()]
        assert [one.message.vtn_id for one in answers] == ["vtn0", "vtn1"]
        assert [one.poll_freq for one in answers] == [timedelta(seconds=n) for n in (10, 11)]
        assert await strangers.poll() == m.RequestReregistration(ven_id="ven1")
        assert isinstance(await friends.poll(), m.RegisterReport)
        assert [list(server.event_callbacks) for server in (first, second)] == [[], []]
        shown = [server.events["ven1"][0].event_descriptor.event_id for server in (first, second)]
        assert shown == ["e0", "e1"]
        policies = [server.settings.signatures.policy for server in (first, second)]
        assert policies == ["ignored", "accepted"]
    assert (1, "ven1") in seen


async def test_a_typed_handler_object_stands_beside_openleadrs_handlers() -> None:
    class Watching:
        async def on_ven_online(self, ctx: Context) -> None:
            seen.append(ctx.ven_id)

    seen: list[str] = []
    server = VTN(vtn_id="x", http_port=0, handlers=[Watching()])
    server.add_handler("on_create_party_registration", lambda info: ("ven1", "reg"))
    server.add_handler("on_ven_online", lambda ven_id: seen.append("legacy " + ven_id))
    async with running(server) as application:
        await application.ven()
    assert sorted(seen) == ["legacy ven1", "ven1"]
