"""Texts of simple types: usual ones, and all those at which a programme may stumble."""

import re
from collections.abc import Callable
from random import Random

#: Around a value whose white space collapses.
SPACES = ["", "", "", " ", "\n\t", "\r\n  "]
STRINGS = [
    "", "x", "0042", "true", "Tom & Co", "</ei:venID>", "]]>", " padded ", "a\r\nb", "\t", "é漢🔌",
    "\xa0", "\u2028\u0085", "&#0;", "{{ x }}", "None", "a" * 300, "a\u0301\u0308\u0323", "\u202e",
    "\U0010ffff", "\ufdd0", "%s%n", "'; DROP TABLE party;--", "../../etc/passwd", "\x7f", "NaN",
    "\ud7ff\ue000", "🏳️\u200d🌈", "x\u0000".rstrip("\u0000"), "-1", "1e999", "$(id)", "\\", '"',
]  # fmt: skip
URIS = ["", "urn:x", "http://x.example/a?b=1&c=2#d", " a b ", "../x", "http://é.example/", "x%20y"]
FLOATS = [
    "0", "-0", "+1", "1.", " .5 ", "1.10", "1e5", "1E+400", "1E-400", "1E-99999999999",
    "-1e9999999999999999999999", "9" * 50, "0" * 5000 + "7", "2147483648", "9007199254740993",
]  # fmt: skip
DURATIONS = [
    "P", "PT", "PT0S", "P0Y", "-P1D", "P1H", "P1M1M", "+P1Y", "3W", "-P1Y2M3DT4H5M6S", "PT15M",
    "P999999999D", "P1000000000D", "-P999999999D", "-P999999999DT1S", "P2739726Y", "P9999999Y",
    "P\u0663D", "P" + "0" * 5000 + "5D", "P" + "9" * 5000 + "D", "99999999999W", "-PT1S", "PT1S",
    "P1200000000M", "0W", "PT86400S", "-P0D",
]  # fmt: skip
USUAL_DURATIONS = ["PT0S", "PT1M", "PT5M", "PT15M", "PT1H", "P1D", "PT10S"]
INTEGERS = ["0" * 5000 + "7", "+1", "100", "1"]
_LARGEST = {
    "unsignedInt": "4294967295",
    "unsignedShort": "65535",
    "unsignedByte": "255",
    "unsignedLong": "18446744073709551615",
    "long": "-9223372036854775808",
    "short": "-32768",
    "integer": "-" + "9" * 100,
    "positiveInteger": "9" * 100,
}
_ODD = {
    "anyURI": URIS,
    "boolean": ["true", "false", "1", "0"],
    "decimal": ["50", "-1.50", "+.5", "1.", "0" * 50 + "1", "1" * 30],
    "hexBinary": ["", "AB", "00ff"],
    "language": ["en", "de-CH"],
    "NMTOKEN": ["en", "x-1", "-", "1.0"],
    "NCName": ["en", "x-1", "_"],
}
_USUAL = {
    "string": ["x", "main", "peak", "r1", "2026"],
    "anyType": ["x"],
    "token": ["x", "kWh"],
    "normalizedString": ["x", "a b"],
    "anyURI": ["http://programme.example", "urn:x"],
    "boolean": ["true", "false"],
    "decimal": ["50", "1.5"],
    "float": ["0", "1", "2", "3", "1.5", "230.1"],
    "double": ["0", "1", "1.5"],
    "hexBinary": ["AB"],
    "base64Binary": ["AAAA", "q83v"],
    "language": ["en"],
    "NMTOKEN": ["en"],
    "NCName": ["en"],
}
_YEARS = ["2026", "2026", "2026", "1970", "0001", "9999", "-0001", "-9999"]
_TIMES = [
    "T00:00:00",
    "T23:59:59",
    "T24:00:00",
    "T12:34:56.789",
    "T00:00:00.0",
    "T23:59:59.999999999",
]
_DAYS = ["01-01", "12-31", "02-28", "06-15"]
_ZONES = ["Z", "", "+02:00", "+14:00", "-14:00", "-00:00"]
_CHARS = "abcXYZ0189 .:-_/&<>'\"éß漢🔌\u0301\u00a0\u200d{}%$"


def date_time(random: Random, *, zones: bool, wild: bool) -> str:
    """Returns a moment.

    Args:
        random: decides.
        zones: whether another zone than UTC may be named.
        wild: whether it may be one that hardly anybody means.
    """
    if not wild:
        return f"2026-01-01T{random.randint(0, 23):02}:{random.choice(['00', '15', '30'])}:00Z"
    zone = random.choice(_ZONES if zones else ["Z", "Z", ""])
    return random.choice(_YEARS) + "-" + random.choice(_DAYS) + random.choice(_TIMES) + zone


def number(random: Random, *, wild: bool) -> str:
    """Returns a floating-point number."""
    if not wild:
        return random.choice(_USUAL["float"])
    text = random.choice([*FLOATS, "INF", "-INF", "NaN"])
    # libxml2 takes no white space around INF and NaN.
    return text if text[-1] in "FN" else padded(random, text)


def padded(random: Random, text: str) -> str:
    """Returns a text with white space around it that means nothing."""
    return random.choice(SPACES) + text + random.choice(SPACES)


def string(random: Random, *, wild: bool) -> str:
    """Returns an ``xs:string``."""
    if not wild:
        return random.choice(_USUAL["string"])
    if random.random() < 0.7:
        return random.choice(STRINGS)
    return "".join(random.choices(_CHARS, k=random.randint(1, 40)))


def builtin(random: Random, name: str, *, wild: bool) -> str:
    """Returns a text of one of the types that the schema language has.

    Args:
        random: decides.
        name: such as ``dateTime``; ``ID`` is the writer's business.
        wild: whether it may be one that hardly anybody means.
    """
    if name in ("string", "anyType"):
        return string(random, wild=wild)
    if name == "dateTime":
        return date_time(random, zones=True, wild=wild)
    if name in ("float", "double"):
        return number(random, wild=wild)
    if not wild:
        return random.choice(_USUAL.get(name) or ["1", "2", "100"])
    if name in ("token", "normalizedString"):
        return random.choice(["x", "  x  y ", "a & b", "é"])
    if name == "base64Binary":
        return random.choice(["", "AAAA", "q83v\nAA=="])
    return padded(random, random.choice(_ODD.get(name) or [*INTEGERS, _LARGEST[name]]))


def matching(random: Random, pattern: str, *, wild: bool) -> str:
    """Returns a text that matches one of the patterns that the files have.

    Raises:
        KeyError: the pattern is new here.
    """
    if "P([" in pattern or "T[0-9]{2}" in pattern:
        return _stricter(random, pattern, wild=wild)
    if "P(" in pattern:
        return duration(random, wild=wild)
    if "T\\d{2}" in pattern:
        return date_time(random, zones=False, wild=wild)
    return _PATTERNS[pattern](random, wild)


def _stricter(random: Random, pattern: str, *, wild: bool) -> str:
    """Returns a moment or duration that also keeps to what our schema of 2.0a says of them."""
    while True:
        text = (
            duration(random, wild=wild)
            if "P([" in pattern
            else date_time(random, zones=False, wild=wild)
        )
        if re.fullmatch(pattern, text):
            return text


def duration(random: Random, *, wild: bool) -> str:
    """Returns a duration."""
    if not wild:
        return random.choice(USUAL_DURATIONS)
    if random.random() < 0.6:
        return random.choice(DURATIONS)
    parts = [f"{random.randrange(100)}{unit}" for unit in "YMD" if random.random() < 0.4]
    clock = [f"{random.randrange(100)}{unit}" for unit in "HMS" if random.random() < 0.4]
    return random.choice(["", "+", "-"]) + "P" + "".join([*parts, "T", *clock])


def _hexadecimal(random: Random, digits: int) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"


_CODES = ["000", "100", "199", "299", "400", "450", "452", "463", "469", "500", "999"]
_PATTERNS: dict[str, Callable[[Random, bool], str]] = {
    "[0-9][0-9][0-9]": lambda random, wild: random.choice(_CODES) if wild else "200",
    "[0-9]{3}": lambda random, wild: random.choice(_CODES) if wild else "200",
    "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}": lambda random, wild: "-".join(
        _hexadecimal(random, digits) for digits in (8, 4, 4, 4, 12)
    ),
    r"\w+@(\w+\.)+\w+": lambda random, wild: random.choice(["a@b.example", "é1@x.y.z"]),
    r"x-\S.*": lambda random, wild: (
        random.choice(["x-a", "x-Tom & Co", "x-</ei:venID>", "x-\xa0", "x-é漢🔌", "x-" + "y" * 300])
        if wild
        else "x-own"
    ),
}
