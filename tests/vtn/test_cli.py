"""The command ``vtn``: its help, its errors, ``init``, ``status`` and ``audit``."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from certs.files import load_certificates, load_key
from tests.vtn.command import Desk
from vtn.cli import main
from vtn.cli.base import Main
from vtn.config import load
from vtn.server import tls_context

HEAVY = ("sqlalchemy", "aiohttp", "lxml", "pydantic", "rich", "cryptography")


def test_help_teaches_without_importing_what_commands_need() -> None:
    script = (
        "import sys; from vtn.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.strip() == "[]"
    assert "\n    vtn init north-grid " in done.stdout
    assert "Exit codes: 0 all is well, 1 refused or failed, 2 wrong usage." in done.stdout


def leaves(group: click.Group, path: str = "vtn") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            found += leaves(command, f"{path} {name}")
        else:
            found.append((f"{path} {name}", command))
    return found


def test_every_command_and_option_has_a_help_text() -> None:
    for path, command in leaves(main):
        assert command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path} {parameter.name}"


def test_the_summaries_of_the_list_are_those_of_the_commands() -> None:
    assert isinstance(main, Main)
    for name, late in main.late.items():
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert command.get_short_help_str(100).rstrip(".") == late.summary.rstrip("."), name


def test_everything_that_lists_can_print_json() -> None:
    lists = [path for path, _ in leaves(main) if path.endswith(("list", "offers", "show"))]
    assert lists
    for path, command in leaves(main):
        if path in lists or path in ("vtn status", "vtn audit"):
            assert "json_" in [parameter.name for parameter in command.params], path


def test_a_command_in_a_folder_without_configuration_says_what_to_do(
    vtn: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "vtn.toml: there is no such file; make a VTN with 'vtn init DIR'" in vtn.error("status")
    assert "none;" in vtn("ven list", OADR_VTN_CONFIG="north-grid/vtn.toml").output
    assert "none;" in vtn("-c north-grid/vtn.toml ven list").output
    assert "none;" in vtn("ven list -c north-grid/vtn.toml", OADR_VTN_CONFIG="nope.toml").output


def test_an_error_in_the_configuration_names_file_and_key(vtn: Desk) -> None:
    text = Path("vtn.toml").read_text()
    Path("vtn.toml").write_text(text.replace("port = 8443", 'port = "many"'))
    assert "vtn.toml: http.port: " in vtn.error("ven list")
    Path("vtn.toml").write_text(text.replace("[store]", "[stroe]"))
    assert "vtn.toml: stroe: this key is not known" in vtn.error("run")


def test_a_missing_database_is_not_made_by_looking(vtn: Desk) -> None:
    Path("vtn.db").unlink()
    assert "There is no database" in vtn.error("event list")
    assert not Path("vtn.db").exists()


def test_debug_shows_where_an_error_came_from(vtn: Desk) -> None:
    Path("vtn.toml").unlink()
    result = vtn("status --debug", code=1)
    assert result.exception is not None
    assert type(result.exception).__name__ == "ConfigError"


def test_wrong_usage_ends_with_2(vtn: Desk) -> None:
    for line in ("nothing", "ven enrol", "event create --to all", "audit -n 0", "report request x"):
        vtn(line, code=2)


def test_init_says_what_it_made_and_all_of_it_works(vtn: Desk, fresh_folder: Path) -> None:
    output = vtn("init other --name vtn.example --name 10.0.0.5 --vtn-id north").output
    assert re.search(
        r"vtn\.crt \.key  server certificate for vtn\.example, 10\.0\.0\.5 until 20\d\d-", output
    )
    assert re.search(r"VTN fingerprint ([0-9A-F]{2}:){9}[0-9A-F]{2} ", output)
    settings = load(Path("other/vtn.toml"))
    assert settings.vtn_id == "north"
    assert tls_context(settings) is not None
    for name in ("vtn.key", "ca/ca.key", "vtn.db"):
        assert stat.S_IMODE((Path("other") / name).stat().st_mode) == 0o600
    assert "no VTN runs on this database" in vtn("status -c other/vtn.toml", 1).output


def test_init_overwrites_nothing(vtn: Desk, tmp_path: Path) -> None:
    before = Path("vtn.toml").read_bytes()
    assert "vtn.toml: exists and is not overwritten" in vtn.error("init .")
    assert Path("vtn.toml").read_bytes() == before
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "vtn.key").write_text("mine")
    assert "vtn.key: exists" in vtn.error(f"init {tmp_path}/half")
    assert [path.name for path in (tmp_path / "half").iterdir()] == ["vtn.key"]


def test_init_makes_nothing_if_a_name_cannot_be_used(vtn: Desk) -> None:
    assert "no host name" in vtn.error("init other --name 'not a host'")
    assert not Path("other").exists()


def test_init_encrypts_keys_and_adds_an_rsa_certificate(vtn: Desk) -> None:
    Path("ca.pass").write_text("north wind\n")
    Path("key.pass").write_text("south wind\n")
    vtn("init other --rsa --passphrase-file ca.pass --key-passphrase-file key.pass")
    assert b"ENCRYPTED" in Path("other/ca/ca.key").read_bytes()
    assert b"ENCRYPTED" in Path("other/vtn.key").read_bytes()
    load_key(Path("other/vtn-rsa.key"), "south wind")
    assert load_certificates(Path("other/vtn-rsa.crt"))
    settings = load(Path("other/vtn.toml"))
    assert settings.tls.passphrase_file == Path("key.pass").resolve()
    assert tls_context(settings) is not None


def test_a_vtn_id_with_quotes_and_slashes_survives_the_configuration(vtn: Desk) -> None:
    vtn("""init other --vtn-id 'no"rth \\ grüd'""")
    assert load(Path("other/vtn.toml")).vtn_id == 'no"rth \\ grüd'


def test_audit_and_status_tell_what_was_done(vtn: Desk) -> None:
    assert vtn("audit").output == "none\n"
    vtn("ven enrol mill --group north")
    vtn("event create --to all --levels 1:1h --start now+1h")
    rows = vtn.json("audit")
    assert [(row["action"], row["subject"]) for row in rows][-1] == ("enrol", "mill")
    assert rows[0]["action"] == "create event"
    assert rows[0]["actor"].startswith("operator")
    assert vtn.json("audit --subject mill") == [rows[-1]]
    # No VTN runs, which deserves attention.
    assert "1 enrolled, 0 registered, 0 online" in vtn("status", 1).output
    assert json.loads(vtn("status --json", 1).stdout)["events"] == {"far": 1}
