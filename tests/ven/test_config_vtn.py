"""[vtn]: what ven.toml says of a VTN that is not like others."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from oadr.codec import Dispensable
from oadr.messages import Poll
from oadr.repair import Tolerance
from runtime.errors import ConfigError
from ven import Client
from ven.cli import main
from ven.config import load
from ven.options import Introduction

HEAD = 'ven_name = "school-7"\nven_id = "7f3a"\nvtn_url = "http://localhost:8080"\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ven.toml"
    path.write_text(text)
    return path


def test_without_the_section_a_vtn_is_expected_that_does_as_it_should(tmp_path: Path) -> None:
    client = Client.from_config(written(tmp_path, HEAD))
    options = client._machine.core.options
    assert (options.pre_provisioned, options.introduction) == (False, Introduction.AUTO)
    assert client._connection.profile is Tolerance.STRICT
    assert client._connection.leave_out == frozenset()


def test_what_the_section_says_reaches_the_ven(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
[vtn]
profile = "repair"
leave_out = ["schemaVersion", "Id"]
pre_provisioned = true
id = "north-grid"
reports = "never"
"""
    )
    client = Client.from_config(written(tmp_path, text))
    options, signatures = client._machine.core.options, client._signatures
    assert (options.pre_provisioned, options.ven_id, options.vtn_id) == (True, "7f3a", "north-grid")
    assert options.introduction is Introduction.NEVER
    assert client._connection.profile is Tolerance.REPAIR
    assert signatures is not None
    assert signatures.leave_out == {Dispensable.ID, Dispensable.SCHEMA_VERSION}
    document = signatures.encode(Poll(ven_id="7f3a"))
    assert b"schemaVersion" not in document
    assert b"Id=" not in document


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ('profile = "easy"', "vtn.profile: "),
        ('leave_out = ["venID"]', "vtn.leave_out"),
        ('id = "x"', "id is for a VTN with pre_provisioned = true"),
        ("registration = false", "vtn.registration: this key is not known"),
    ],
)
def test_an_error_names_the_key(tmp_path: Path, section: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(written(tmp_path, f"{HEAD}[vtn]\n{section}\n"))
    assert problem in str(raised.value)


def test_a_pre_provisioned_ven_has_to_know_its_id(tmp_path: Path) -> None:
    text = HEAD.replace('ven_id = "7f3a"\n', "")
    with pytest.raises(ConfigError, match=r"vtn\.pre_provisioned needs ven_id"):
        load(written(tmp_path, f"{text}[vtn]\npre_provisioned = true\n"))


# ------------------------------------------------------------------ ven init


def init(tmp_path: Path, *arguments: str) -> Result:
    folder = str(tmp_path / "school-7")
    return CliRunner().invoke(main, ["init", folder, "--vtn", "http://localhost:8080", *arguments])


def test_init_writes_who_the_ven_is_to_a_vtn_that_was_told(tmp_path: Path) -> None:
    result = init(tmp_path, "--pre-provisioned", "--ven-id", "7f3a", "--vtn-id", "north-grid")
    assert result.exit_code == 0, result.output
    settings = load(tmp_path / "school-7" / "ven.toml")
    assert settings.ven_id == "7f3a"
    assert (settings.vtn.pre_provisioned, settings.vtn.id) == (True, "north-grid")


def test_init_takes_a_ven_id_also_for_a_vtn_that_registers(tmp_path: Path) -> None:
    assert init(tmp_path, "--ven-id", "7f3a").exit_code == 0
    settings = load(tmp_path / "school-7" / "ven.toml")
    assert (settings.ven_id, settings.vtn.pre_provisioned) == ("7f3a", False)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--pre-provisioned",), "--pre-provisioned needs --ven-id ID"),
        (("--vtn-id", "x"), "--vtn-id is for --pre-provisioned"),
    ],
)
def test_init_says_what_is_missing(tmp_path: Path, options: tuple[str, ...], problem: str) -> None:
    result = init(tmp_path, *options)
    assert result.exit_code == 2
    assert problem in result.output
    assert not (tmp_path / "school-7").exists()
