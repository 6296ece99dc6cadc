"""docs/howto/proxy.md shows the files that tests/acceptance/test_proxy.py runs."""

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from runtime.settings import check
from vtn.config import Settings
from vtn.proxy.settings import ProxySettings

HOWTO = Path(__file__).parents[1] / "docs" / "howto"
PAGE = (HOWTO / "proxy.md").read_text(encoding="utf-8")
FILES = sorted((HOWTO / "proxy").iterdir())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_page_shows_each_file_as_it_is(file: Path) -> None:
    assert f"\n{file.read_text(encoding='utf-8')}```\n" in PAGE


@pytest.mark.parametrize("name", ["vtn-nginx.toml", "vtn-haproxy.toml"])
def test_the_configurations_of_the_vtn_are_valid(name: str) -> None:
    found = tomllib.loads((HOWTO / "proxy" / name).read_text(encoding="utf-8"))
    assert check(found, Settings).proxy is not None


def test_the_page_says_what_each_key_is_for() -> None:
    for field in fields(ProxySettings):
        assert f"{field.name}" in PAGE


def test_the_sample_with_tls_to_the_vtn_is_valid() -> None:
    (sample,) = (one for one in PAGE.split("```toml\n") if "certificates = " in one)
    text = sample.partition("```")[0]
    check(tomllib.loads(text)["proxy"], ProxySettings)
