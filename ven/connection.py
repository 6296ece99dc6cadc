"""How the VTN is reached: address, certificates, signatures."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from certs.errors import FileError
from certs.peers import Peers
from certs.standing import OwnEnd
from oadr.codec import MAX_BYTES, LeftOut
from oadr.repair.catalogue import Tolerance
from runtime.clock import Clock
from runtime.errors import ConfigError
from runtime.policy import SignaturePolicy
from runtime.trace import Traces
from ven.expiry import Watch
from ven.guard import Guard
from ven.health import Health
from ven.push import Listening, is_loopback
from ven.reading import Reader
from ven.signing import TOLERANCE, KeyFiles, Signatures
from ven.tls import TlsFiles, client_context
from ven.transport import TIMEOUT, HttpTransport, Trace

if TYPE_CHECKING:
    from oadr.signature import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How the VTN is reached.

    Attributes:
        url: of the VTN, with or without ``/OpenADR2/Simple/2.0b``.
        cert: certificate of the VEN (PEM).
        key: its private key (PEM).
        passphrase: opens the key.
        ca_file: authority that the VTN's certificate must come from (PEM).
        crl_file: what that authority has revoked (PEM); followed when it changes.
        check_hostname: whether the VTN's certificate must name the host of the URL.
        tls_profile: versions and cipher suites, see ``ven.tls``.
        vtn_fingerprint: of the VTN's TLS certificate; no other server is talked to. Several,
            separated by commas, while the VTN changes its certificate.
        sign: whether messages are signed, with ``signing_key`` or else ``cert``.
        signing_key: loaded elsewhere, or the files that it is in.
        signatures: what is made of the VTN's signatures.
        signature_fingerprint: OpenADR fingerprint of the certificate that the VTN signs
            with, or several separated by commas; that of TLS if left out.
        tolerance: largest difference between the VTN's clock and ours, for signatures.
        timeout: of one exchange, real time, 5 seconds or more.
        max_bytes: a longer answer is not read.
        profile: what is put up with in messages of the VTN.
        leave_out: optional things that are left out of our messages, because the VTN chokes
            on them.
        listen: where the VEN listens for what the VTN pushes, with the same certificate;
            None if it does not listen itself.
    """

    url: str
    cert: str | Path | None = None
    key: str | Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    ca_file: str | Path | None = None
    crl_file: str | Path | None = None
    check_hostname: bool = True
    tls_profile: Literal["compatible", "certification"] = "compatible"
    vtn_fingerprint: str | None = None
    sign: bool = False
    signing_key: "SigningKey | KeyFiles | None" = field(default=None, repr=False)
    signatures: SignaturePolicy = SignaturePolicy.IGNORED
    signature_fingerprint: str | None = None
    tolerance: timedelta = TOLERANCE
    timeout: timedelta = TIMEOUT
    max_bytes: int = MAX_BYTES
    profile: Tolerance = Tolerance.STRICT
    leave_out: LeftOut = frozenset()
    listen: Listening | None = None

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together; give both or none")
        if self.crl_file is not None and self.cert is None:
            raise ValueError("crl_file without cert: it is for mutual TLS; give both")
        if self.cert is not None and self.ca_file is None:
            raise ValueError("cert without ca_file: the VTN could not be verified; give both")
        if self.sign and self.cert is None and self.signing_key is None:
            raise ValueError("to sign takes cert and key, or a signing_key")
        if self.listen is not None and self.cert is None and not is_loopback(self.listen.host):
            raise ValueError(
                f"plain HTTP on {self.listen.host} would let anybody push; expected a loopback "
                "address, or cert, key and ca_file"
            )

    @property
    def signs(self) -> bool:
        """Whether messages are signed."""
        return self.sign or self.signing_key is not None

    def signatures_at(self, clock: Clock) -> Signatures:
        """Returns what signs our messages and checks the VTN's.

        Raises:
            ValueError: something in here cannot be used.
        """
        return Signatures(
            clock=clock,
            key=self._signing_key(),
            policy=self.signatures,
            vtn_fingerprint=self.signature_fingerprint or self.vtn_fingerprint,
            tolerance=self.tolerance,
            leave_out=self.leave_out,
        )

    def reader_at(self, clock: Clock, health: Health | None = None, name: str = "") -> Reader:
        """Returns what reads the VTN's messages.

        Args:
            clock: tells when something was mended.
            health: counts it.
            name: of the VEN, for the log.
        """
        where = {"ven": name} if name else {}
        return Reader(clock=clock, profile=self.profile, health=health or Health(), where=where)

    def transport(
        self,
        clock: Clock,
        trace: Trace | None = None,
        traces: Traces | None = None,
        *,
        signatures: Signatures | None = None,
        reader: Reader | None = None,
    ) -> HttpTransport:
        """Returns the transport; files are read when it is first used.

        Args:
            clock: dates the signatures.
            trace: sees the steps of each exchange, by the name of the moment.
            traces: look at the traffic.
            signatures: made by ``signatures_at``; made here if None.
            reader: made by ``reader_at``; made here if None.

        Raises:
            ValueError: something in here cannot be used.
        """
        return HttpTransport(
            self.url,
            signatures=signatures or self.signatures_at(clock),
            reader=reader or self.reader_at(clock),
            context=self._context_maker(),
            stamp=self._stamp,
            guard=self._guard(reader),
            fingerprint=self.vtn_fingerprint,
            timeout=self.timeout,
            max_bytes=self.max_bytes,
            trace=trace,
            traces=traces,
        )

    def server_context(self) -> ssl.SSLContext | None:
        """Returns the TLS of our own server, which follows its files; None for plain HTTP.

        Raises:
            ConfigError: certificate, key or CA cannot be used.
        """
        if self.cert is None or self.key is None or self.ca_file is None:
            return None
        # A VEN that polls needs none of this.
        from certs import CertsError, KeyPair, Profile, TLSFiles, live_server_context

        pair = KeyPair(certificate=Path(self.cert), key=Path(self.key), passphrase=self.passphrase)
        crl = None if self.crl_file is None else Path(self.crl_file)
        files = TLSFiles(ca=Path(self.ca_file), pairs=(pair,), crl=crl)
        try:
            return live_server_context(files, profile=Profile(self.tls_profile))
        except CertsError as error:
            raise ConfigError(" ".join(str(error).split()), key="tls") from None

    def peers(self) -> Peers:
        """Returns what knows the certificates of those who call.

        Raises:
            ConfigError: the revocation list cannot be used.
        """
        own = OwnEnd(Path(self.cert)) if self.cert is not None else None
        crl = Path(self.crl_file) if self.crl_file is not None else None
        try:
            return Peers(crl=crl, own=own)
        except FileError as error:
            raise ConfigError(str(error), key="tls.crl") from None

    def _guard(self, reader: Reader | None) -> Guard | None:
        if not self.url.lower().startswith("https:"):
            return None
        health = reader.health if reader is not None else Health()
        own = Path(self.cert) if self.cert is not None else None
        return Guard(own, saw=health.saw_certificate)

    def watch(self, name: str, health: Health) -> Watch:
        """Returns what tells the log before something expires that is needed for this.

        Args:
            name: of the VEN, for the log.
            health: knows the certificate of the VTN.
        """
        files = (self.cert, self.ca_file, self.crl_file)
        own, ca, crl = (Path(path) if path is not None else None for path in files)
        signing = self.signing_key.certificate if isinstance(self.signing_key, KeyFiles) else None
        return Watch(
            certificate=own,
            ca=ca,
            crl=crl,
            signing=signing if signing != own else None,
            vtn_until=lambda: health.vtn_until,
            where={"ven": name},
        )

    def _signing_key(self) -> "SigningKey | KeyFiles | None":
        found = self.signing_key
        if found is None and self.sign and self.cert and self.key:
            found = KeyFiles(
                certificate=Path(self.cert), key=Path(self.key), passphrase=self.passphrase
            )
        if isinstance(found, KeyFiles):
            found.current()
        return found

    def _context_maker(self) -> Callable[[], ssl.SSLContext] | None:
        if not self.url.lower().startswith("https:"):
            return None
        return self._context

    def _stamp(self) -> tuple[int, ...]:
        """Returns when the files were last changed; 0 for one that is missing."""
        files = (self.cert, self.key, self.ca_file, self.crl_file)
        paths = [Path(path) for path in files if path is not None]
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)

    def _context(self) -> ssl.SSLContext:
        """Makes the TLS context anew for each session, so that renewed files count."""
        if self.cert is None or self.key is None or self.ca_file is None:
            context = ssl.create_default_context(
                cafile=str(self.ca_file) if self.ca_file is not None else None
            )
            context.check_hostname = self.check_hostname
            return context
        files = TlsFiles(
            certificate=Path(self.cert),
            key=Path(self.key),
            ca=Path(self.ca_file),
            passphrase=self.passphrase or "",
            profile=self.tls_profile,
            check_hostname=self.check_hostname,
            crl=Path(self.crl_file) if self.crl_file is not None else None,
        )
        return client_context(files)
