"""Bundles: what a VEN needs to join a VTN, read with suspicion and written with care."""

import contextlib
import io
import os
import stat
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ven import bundle
from ven.bundle import BundleError
from ven.starter import starter

TOML = b"""# made by north-grid
vtn_url = "https://old.example"   # the VTN
ven_name = "school-7"

[tls]
certificate = "school-7.crt"
key = "school-7.key"
ca = "ca.crt"

[state]
path = "ven.db"
"""
KEY = b"-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"
FILES = {"ven.toml": TOML, "school-7.key": KEY, "school-7.crt": b"PEM", "ca.crt": b"PEM"}

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def _make(files: dict[str, bytes] | None = None, *, flag: int = 0, mode: int = 0) -> Path:
        path = tmp_path / "school-7.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (FILES if files is None else files).items():
                entry = zipfile.ZipInfo(name)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = mode << 16
                archive.writestr(entry, content)
                entry.flag_bits |= flag
        return path

    return _make


def test_a_bundle_is_read_with_its_settings(make: Make) -> None:
    found = bundle.read(make())
    assert found.files == FILES
    assert found.settings["ven_name"] == "school-7"
    assert "MIGH" not in repr(found)


def test_files_are_written_and_only_the_owner_reads_the_key(make: Make, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        written = bundle.write(bundle.read(make()).files, tmp_path / "a" / "school-7")
    finally:
        os.umask(before)
    assert {path.name: path.read_bytes() for path in written} == FILES
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in written}
    assert modes == {
        "ven.toml": 0o644,
        "school-7.key": 0o600,
        "school-7.crt": 0o644,
        "ca.crt": 0o644,
    }


def test_a_key_under_another_name_is_private_too(tmp_path: Path) -> None:
    (path,) = bundle.write({"both.pem": b"PEM\n" + KEY}, tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_overwritten_and_nothing_is_left_half_done(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(b"mine")
    with pytest.raises(BundleError, match=r"ca\.crt: is there already and is not overwritten"):
        bundle.write(FILES, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ca.crt"]
    assert (tmp_path / "ca.crt").read_bytes() == b"mine"


def test_a_link_that_waits_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "school-7.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="is there already"):
        bundle.write(FILES, tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="file"):
        bundle.write(FILES, tmp_path / "file" / "below")


@pytest.mark.parametrize(
    "name",
    [
        "../ven.key",
        "/etc/passwd",
        "a/b.crt",
        "..",
        ".bashrc",
        "a\\b",
        "C:x",
        "a\nb",
        "ä.crt",
        "x" * 101,
    ],
)
def test_a_name_that_could_lead_out_of_the_folder_is_refused(make: Make, name: str) -> None:
    with pytest.raises(BundleError, match="is not a plain file name"):
        bundle.read(make(FILES | {name: b"evil"}))


def test_a_link_in_a_bundle_is_refused(make: Make) -> None:
    with pytest.raises(BundleError, match="is a link"):
        bundle.read(make(mode=stat.S_IFLNK | 0o777))


def test_an_encrypted_bundle_is_refused(make: Make) -> None:
    with pytest.raises(BundleError, match="is encrypted"):
        bundle.read(make(flag=0x1))


def test_names_that_differ_in_case_only_are_doubles(make: Make) -> None:
    with pytest.raises(BundleError, match=r"'CA\.crt' stands twice"):
        bundle.read(make(FILES | {"CA.crt": b"other"}))


def test_a_small_bundle_with_a_huge_content_is_refused(make: Make) -> None:
    path = make(FILES | {"bomb.crt": b"\0" * (bundle.MAX_FILE_BYTES + 1)})
    assert path.stat().st_size < 10_000
    with pytest.raises(BundleError, match=r"'bomb\.crt' is larger than 256 KB"):
        bundle.read(path)


def test_a_content_that_is_larger_than_declared_is_refused(make: Make) -> None:
    size = bundle.MAX_FILE_BYTES + 1
    path = make({"bomb.crt": b"\0" * size} | FILES)
    data = path.read_bytes().replace(size.to_bytes(4, "little"), (9).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(BundleError, match=r"bomb|cannot be read"):
        bundle.read(path)


def test_too_many_files_are_refused(make: Make) -> None:
    with pytest.raises(BundleError, match="holds 25 files; a bundle has 20 at most"):
        bundle.read(make(FILES | {f"{n}.crt": b"" for n in range(21)}))


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.zip"
    with path.open("wb") as stream:
        stream.truncate(bundle.MAX_BUNDLE_BYTES + 1)
    with pytest.raises(BundleError, match="is larger than 4 MB"):
        bundle.read(path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ven.toml": b"\xff"}, "ven.toml: cannot be read"),
        ({"ven.toml": b"= 3"}, "ven.toml: cannot be read"),
        ({"ven.toml": b"ven_name = 'x'"}, r"ven.toml: there is no \[tls\]"),
        (
            {"ven.toml": TOML.replace(b'"ca.crt"', b'"../ca.crt"')},
            r"tls\.ca: '\.\./ca\.crt' is not in the bundle",
        ),
        (
            {"ven.toml": TOML.replace(b"certificate =", b"# c =")},
            r"tls\.certificate: None is not in the bundle",
        ),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(
    make: Make, changes: dict[str, bytes], problem: str
) -> None:
    with pytest.raises(BundleError, match=problem):
        bundle.read(make(FILES | changes))


def test_a_bundle_for_somebody_who_made_the_key_has_none(make: Make) -> None:
    found = bundle.read(make({n: c for n, c in FILES.items() if n != "school-7.key"}))
    assert "school-7.key" not in found.files


def test_a_bundle_without_a_configuration_is_refused(make: Make) -> None:
    with pytest.raises(BundleError, match=r"has no ven\.toml"):
        bundle.read(make({"a.key": KEY}))


def test_a_file_that_is_missing_or_no_zip_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nothing\.zip: cannot be read"):
        bundle.read(tmp_path / "nothing.zip")
    (tmp_path / "no.zip").write_bytes(b"hello")
    with pytest.raises(BundleError, match=r"no\.zip: cannot be read"):
        bundle.read(tmp_path / "no.zip")


@given(position=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_bundle_is_read_or_refused_and_nothing_else(position: int, value: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    data = bytearray(stream.getvalue())
    data[-position % len(data)] = value
    with tempfile.NamedTemporaryFile(suffix=".zip") as file, contextlib.suppress(BundleError):
        file.write(data)
        file.flush()
        bundle.read(Path(file.name))


def test_keys_of_the_top_level_are_set_and_comments_stay() -> None:
    text = bundle.configured(TOML.decode(), vtn_url="https://new.example", ven_id="v-1")
    settings = tomllib.loads(text)
    assert settings["vtn_url"] == "https://new.example"
    assert settings["ven_id"] == "v-1"
    assert settings["tls"]["key"] == "school-7.key"
    assert "# made by north-grid" in text


def test_a_key_of_a_section_is_not_taken_for_one_of_the_top_level() -> None:
    text = bundle.configured('[state]\npath = "a"\n', path="b")
    assert tomllib.loads(text) == {"path": "b", "state": {"path": "a"}}


@given(st.text(max_size=30))
def test_any_text_is_written_so_that_it_is_read_again(text: str) -> None:
    encodable = text.encode("utf-8", "ignore").decode()
    assert tomllib.loads(f"a = {bundle.toml_string(encodable)}") == {"a": encodable}


@pytest.mark.parametrize("url", ["https://a.example", "http://localhost:8080"])
def test_the_first_configuration_is_one(url: str) -> None:
    settings = tomllib.loads(starter(name='Tom & "Co"', url=url))
    assert settings["ven_name"] == 'Tom & "Co"'
    assert ("tls" in settings) == url.startswith("https")
