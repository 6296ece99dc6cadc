"""What a utility does before the first message: the folder of a VTN, keys for its VENs.

``folder`` makes what ``vtn init`` makes, ``authority`` finds the certificate authority of
a configuration, ``bundle`` packs what a VEN is given.
"""

from vtn.setup.authority import AuthorityNotHere, authority_folder, find_authority
from vtn.setup.bundle import bundle, public_url, url_a
from vtn.setup.folder import Created, Plan, create

__all__ = [
    "AuthorityNotHere",
    "Created",
    "Plan",
    "authority_folder",
    "bundle",
    "create",
    "find_authority",
    "public_url",
    "url_a",
]
