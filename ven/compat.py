"""``VEN``: the client for programs that were written for OpenLEADR's.

It is an ``OpenADRClient`` by its type and takes its constructor's arguments; what it
does is ``ven.client.Client``.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from openleadr.client import OpenADRClient

from ven.client import Client
from ven.connection import Connection
from ven.options import Options


class VEN(Client, OpenADRClient):  # type: ignore[misc]
    """A VEN with OpenLEADR's constructor; see ``Client`` for everything else.

    Args:
        ven_name: what people call it.
        vtn_url: of the VTN.
        debug: taken and not used; logging is set up by the program.
        cert: certificate of the VEN (PEM), for TLS and for signing.
        key: its private key (PEM).
        passphrase: opens the key.
        vtn_fingerprint: of the VTN's certificate.
        show_fingerprint: taken and not used; ``oadr-certs show`` prints it.
        ca_file: authority that the VTN's certificate must come from (PEM).
        allow_jitter: whether polls may come a little later than asked.
        ven_id: allocated beforehand by the VTN.
        disable_signature: do not sign although there are certificate and key.
        check_hostname: whether the VTN's certificate must name the host of the URL.
        event_status_log_period: taken and not used.
        events_clean_up_period: taken and not used.
        arguments: any other argument of ``Client``.
    """

    def __init__(
        self,
        ven_name: str,
        vtn_url: str,
        debug: bool = False,
        cert: str | Path | None = None,
        key: str | Path | None = None,
        passphrase: str | None = None,
        vtn_fingerprint: str | None = None,
        show_fingerprint: bool = True,
        ca_file: str | Path | None = None,
        allow_jitter: bool = True,
        ven_id: str | None = None,
        disable_signature: bool = False,
        check_hostname: bool = True,
        event_status_log_period: int = 10,
        events_clean_up_period: int = 300,
        **arguments: Any,
    ) -> None:
        # OpenADRClient.__init__ is not called: it would start a scheduler and read the keys.
        options = arguments.pop("options", None) or Options(ven_name=ven_name)
        if not allow_jitter:
            options = replace(options, poll_jitter=0.0)
        connection = arguments.pop("connection", None) or Connection(
            url=vtn_url,
            cert=cert,
            key=key,
            passphrase=passphrase,
            ca_file=ca_file,
            check_hostname=check_hostname,
            vtn_fingerprint=vtn_fingerprint,
            sign=cert is not None and not disable_signature,
        )
        Client.__init__(
            self,
            ven_name,
            vtn_url,
            options=options,
            ven_id=ven_id,
            connection=connection,
            **arguments,
        )
