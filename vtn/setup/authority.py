"""The certificate authority that a VTN's VENs get their certificates from."""

from pathlib import Path

from certs import Authority
from certs.folder import AuthorityFolder
from vtn.config import Settings
from vtn.errors import VTNError


class AuthorityNotHere(VTNError):
    """A certificate is to be issued, and the authority is elsewhere or nowhere."""


def authority_folder(settings: Settings) -> Path | None:
    """Returns the folder of the authority, if it is where ``[tls] ca`` points to.

    A VTN needs only the authority's certificate; the authority itself may be kept on
    another machine, and then there is none here.
    """
    if settings.tls.ca is None:
        return None
    folder = settings.tls.ca.parent
    paths = AuthorityFolder(folder)
    return folder if paths.ledger.exists() and paths.key.exists() else None


def find_authority(settings: Settings, passphrase: str | None) -> Authority:
    """Returns the authority, ready to issue.

    Args:
        settings: of the VTN.
        passphrase: of the authority's key.

    Raises:
        AuthorityNotHere: it is kept elsewhere.
        CertsError: it cannot be opened.
    """
    folder = authority_folder(settings)
    if folder is None:
        raise AuthorityNotHere(
            "[tls] ca does not lie in the folder of a certificate authority, so no certificate "
            "can be issued here; issue it where the authority is (oadr-certs) and enrol the VEN "
            "with --certificate"
        )
    return Authority.load(folder, passphrase)
