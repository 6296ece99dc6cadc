"""The ``ven.toml`` that ``ven init`` writes for somebody who has no bundle."""

from ven.bundle import toml_string

_HEAD = """\
# Configuration of a VEN. Every key: docs/reference/ven-configuration.md
# Paths are relative to this file. Durations: "10s", "5m", "1h30m", "2d".
ven_name = {name}
vtn_url = {url}
"""
_TLS = """
[tls]                                # from the operator of the VTN
certificate = "ven.crt"
key = "ven.key"
ca = "ca.crt"
# vtn_fingerprint = "4F:2C:..."      # the only VTN certificate that is taken
"""
_REST = """
[state]
path = "ven.db"                      # what the VEN remembers over a restart

[policy]                             # the answer to events
default = "optIn"
# max_duration = "4h"                # beyond any of these: optOut
# min_notice = "30m"
# max_level = 2

[[meters]]                           # this computer, so that there is something to see
name = "this-computer"
type = "cpu"                         # or "csv", "python", "status"
watts_idle = 10
watts_full = 65
every = "10s"

[[loads]]                            # says in the log what an event wants
name = "log"
type = "log"                         # or "simulated", "python"
"""

_PUSH = """\
[push]                               # the VTN sends by itself; this VEN does not poll
address = {address}
host = {host:<30}# of this machine, to listen on
# port = 8444                        # that of the address if left out
"""


_VTN = """\
[vtn]                                # has no EiRegisterParty: people have told it who this is
pre_provisioned = true
"""


def vtn_section(vtn_id: str | None = None) -> str:
    """Returns the section of a ``ven.toml`` for a VTN that has no EiRegisterParty.

    Args:
        vtn_id: what it calls itself; None if that shall be seen.
    """
    return _VTN + (f"id = {toml_string(vtn_id)}\n" if vtn_id else "")


def push_section(address: str) -> str:
    """Returns the section of a ``ven.toml`` for a VEN that the VTN pushes to.

    Args:
        address: where the VTN reaches it; plain http is for this machine alone.
    """
    host = "0.0.0.0" if address.lower().startswith("https:") else "127.0.0.1"  # noqa: S104
    return _PUSH.format(address=toml_string(address), host=toml_string(host))


def starter(*, name: str, url: str) -> str:
    """Returns the text of a first ``ven.toml``.

    Args:
        name: of the VEN.
        url: of the VTN; for https there is a section for the certificates.
    """
    head = _HEAD.format(name=toml_string(name), url=toml_string(url))
    return head + (_TLS if url.lower().startswith("https:") else "") + _REST
