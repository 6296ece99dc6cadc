"""What coverage guides atheris through: ``python -m tests.fuzz.atheris_targets NAME SECONDS``.

Each target takes any bytes and may only raise what its documentation says. The corpus starts
with made-up documents; what breaks a target is kept in ``fuzz-findings``, and goes to
``samples`` with a test when it is mended.
"""

import importlib.util
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SEEDS = 300
FINDINGS = Path("fuzz-findings")


def _codec() -> Callable[[bytes], object]:
    from oadr import codec
    from oadr.errors import InvalidData, XMLError

    def target(data: bytes) -> object:
        try:
            message = codec.decode(data)
        except (XMLError, InvalidData):
            return None
        return codec.decode(codec.encode(message))

    return target


def _profile_a() -> Callable[[bytes], object]:
    from oadr import profile_a
    from oadr.errors import InvalidData, XMLError

    def target(data: bytes) -> object:
        try:
            message = profile_a.decode(data)
        except (XMLError, InvalidData):
            return None
        return profile_a.encode(profile_a.in_profile_a(message, _NOW))

    return target


def _repair() -> Callable[[bytes], object]:
    from oadr import codec
    from oadr.errors import InvalidData, XMLError
    from oadr.repair import Tolerance, parse, would_help

    def target(data: bytes) -> object:
        found: object = None
        for tolerance in Tolerance:
            try:
                parsed = parse(data, tolerance)
                found = codec.message_of(codec.signed_object_of(parsed.root))
            except (XMLError, InvalidData):
                found = would_help(data, max_bytes=codec.MAX_BYTES)
        return found

    return target


def _signature() -> Callable[[bytes], object]:
    from oadr import codec
    from oadr.errors import SignatureError, XMLError
    from oadr.signature import Fingerprints, verify
    from tests.oadr.signature_cases import NOW, cache_of_nonces, identity

    trusted = Fingerprints(identity().fingerprint)

    def target(data: bytes) -> object:
        replay = cache_of_nonces()
        try:
            root = codec.parse(data)
            return verify(root, trusted=trusted, now=NOW, replay=replay, who="x", liberal=True)
        except (XMLError, SignatureError):
            return None

    return target


def _times() -> Callable[[bytes], object]:
    from oadr.errors import InvalidData
    from oadr.times import format_datetime, format_duration, parse_datetime, parse_duration
    from runtime.durations import as_typed, duration_from, in_words

    def target(data: bytes) -> object:
        text = data.decode("utf-8", "replace")
        with suppress(ValueError, InvalidData):
            format_datetime(parse_datetime(text))
        with suppress(ValueError, InvalidData):
            parse_duration(format_duration(parse_duration(text)))
        with suppress(ValueError, InvalidData):
            duration = duration_from(text)
            return as_typed(duration), in_words(duration)
        return None

    return target


#: Name of a target -> what makes it.
TARGETS: dict[str, Callable[[], Callable[[bytes], object]]] = {
    "codec": _codec,
    "profile-a": _profile_a,
    "repair": _repair,
    "signature": _signature,
    "times": _times,
}


def missing() -> str:
    """Returns why atheris cannot be used; empty if it can."""
    if importlib.util.find_spec("atheris") is None:
        return "atheris is not installed; see: pip install -e '.[fuzz]'"
    return ""


def corpus(name: str, seed: int) -> list[bytes]:
    """Returns what a target starts from."""
    from tests.fuzz import values
    from tests.fuzz.seeds import usual
    from tests.fuzz.writing import Writer

    random = Random(seed)
    if name == "times":
        made = [values.duration(random, wild=True) for _ in range(_SEEDS)]
        made += [values.date_time(random, zones=True, wild=True) for _ in range(_SEEDS)]
        return [text.encode() for text in [*made, "10s", "1h30m", "5 min", "90"]]
    writer = Writer(random=random)
    if name == "profile-a":
        return [writer.document_a().data for _ in range(_SEEDS)]
    found = [*usual("v", "r", "rr", "e"), *(writer.document().data for _ in range(_SEEDS))]
    return [*_signed(), *found] if name == "signature" else found


def _signed() -> list[bytes]:
    from oadr import messages as m
    from oadr.signature import sign
    from tests.oadr.signature_cases import NOW, identity

    key = identity().signing
    return [sign(m.Poll(ven_id="v"), key, now=NOW, nonce=f"nonce-{n:032}") for n in range(5)]


def mutator(name: str) -> Callable[[bytes, int, int], bytes]:
    """Returns what spoils documents as documents, half of the time."""
    import atheris

    from tests.fuzz.damage import spoil_bytes, spoil_tree

    def spoil(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if name == "times" or random.random() < 0.3:
            return bytes(atheris.Mutate(data, most))
        with suppress(ValueError, SyntaxError):
            if random.random() < 0.8:
                return spoil_tree(random, data, data)[1][:most]
        return spoil_bytes(random, data, data)[1][:most]

    return spoil


def main(name: str, seconds: int, seed: int) -> None:
    """Runs a target until the time is over, or something breaks it."""
    import atheris

    FINDINGS.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=["oadr", "runtime"]):
        target = TARGETS[name]()
    with TemporaryDirectory(prefix="oadr-corpus-") as folder:
        for number, data in enumerate(corpus(name, seed)):
            (Path(folder) / f"{number:05}").write_bytes(data)
        options = [
            f"-max_total_time={seconds}", f"-seed={seed % 2**31}", "-max_len=20000", "-timeout=20",
            "-rss_limit_mb=1500", f"-artifact_prefix={FINDINGS}/{name}-", "-print_final_stats=1",
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *options, folder], target, custom_mutator=mutator(name))
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
