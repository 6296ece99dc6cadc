"""What takes no library for certificates, and what the package offers by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

import certs
from certs import light
from certs.errors import FingerprintError, FingerprintMismatchError

ROOT = Path(__file__).parents[2]
DER = b"any bytes will do"


def test_the_light_part_loads_no_library() -> None:
    program = "import sys; from certs import light, openadr_fingerprint; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "certs.light" in done.stdout.split()
    assert "cryptography" not in done.stdout.split()


def test_every_name_of_the_package_is_found_and_no_other() -> None:
    assert set(certs.__all__) <= set(dir(certs))
    for name in certs.__all__:
        assert getattr(certs, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'Autority'"):
        certs.Autority  # noqa: B018


@pytest.mark.parametrize("shorten", [lambda text: text, str.lower, lambda t: t.replace(":", " ")])
def test_a_pinned_certificate_is_known_by_each_of_its_fingerprints(shorten: object) -> None:
    assert callable(shorten)
    for make in (light.openadr_fingerprint, light.sha1_fingerprint, light.sha256_fingerprint):
        light.verify_peer_fingerprint(DER, shorten(make(DER)))
        with pytest.raises(FingerprintMismatchError):
            light.verify_peer_fingerprint(DER + b"!", shorten(make(DER)))
    with pytest.raises(FingerprintMismatchError, match="missing"):
        light.verify_peer_fingerprint(None, light.openadr_fingerprint(DER))
    with pytest.raises(FingerprintError, match="hexadecimal digits"):
        light.verify_peer_fingerprint(DER, "12:34")
