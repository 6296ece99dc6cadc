"""The text of a new ``vtn.toml``."""

import json
from dataclasses import dataclass
from pathlib import Path

_TEXT = """\
# Configuration of a VTN. Paths are relative to this file; durations are written 10s, 5m, 1h.
# Every key and its default: docs/reference/vtn-configuration.md

# How the VTN calls itself; case matters.
vtn_id = {vtn_id}
# Programme of events that name none.
market_context = {market_context}

[http]
host = "0.0.0.0"                         # address to listen on
port = {port}
# Where VENs reach it, if not there; it goes into what they are handed.
# public_url = {public_url}

[tls]
certificate = "vtn.crt"
key = "vtn.key"
{rsa}ca = "ca/ca.crt"                         # VENs need a certificate of this authority ...
crl = "ca/ca.crl"                        # ... that it has not revoked
profile = "compatible"                   # or "certification": the two suites of the profile only
{passphrase}
[store]
url = "sqlite+aiosqlite:///vtn.db"

[signatures]
policy = "accepted"                      # of messages: required, accepted or ignored

[registration]
handler = "allow-list"                   # or "open-enrolment", or "my_module:MyHandler"
poll_interval = "10s"
offline_after = 3                        # missed polls

[reports]
handlers = ["store"]                     # also "csv", or "my_module:MyHandler"
request = [                              # what every VEN that offers it is asked for
    {{ report = "TELEMETRY_USAGE", every = "1m", deliver = "5m" }},
    {{ report = "TELEMETRY_STATUS", every = "1m", deliver = "5m" }},
]

# [reports.settings.csv]
# folder = "readings"                    # a CSV file for each day
"""

_RSA = """\
rsa_certificate = "vtn-rsa.crt"          # shown to VENs that speak RSA only
rsa_key = "vtn-rsa.key"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What differs from one VTN to the next.

    Attributes:
        vtn_id: how it calls itself.
        market_context: default programme.
        port: where it listens.
        public_url: where VENs reach it.
        rsa: whether it has a second certificate.
        key_passphrase_file: opens its keys; None if they are not encrypted.
    """

    vtn_id: str
    market_context: str
    port: int
    public_url: str
    rsa: bool
    key_passphrase_file: Path | None


def render(values: Values) -> str:
    """Returns the text; it is a valid configuration."""
    secret = values.key_passphrase_file
    return _TEXT.format(
        vtn_id=quoted(values.vtn_id),
        market_context=quoted(values.market_context),
        port=values.port,
        public_url=quoted(values.public_url),
        rsa=_RSA if values.rsa else "",
        passphrase="" if secret is None else f"passphrase_file = {quoted(str(secret))}\n",
    )


def quoted(text: str) -> str:
    """Returns a TOML string; JSON's escapes are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
