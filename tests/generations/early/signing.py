"""Signing Messages."""
# mypy: ignore-errors
# ruff: noqa: F821, I001, N811, RET504
# fmt: off

# mended: the page does not define database; the test gives one.
# mended: the page has OpenADRServr.
from vtn import VTN as OpenADRServer

def fingerprint_lookup(ven_id):
    # Look up the certificate fingerprint that is associated with this VEN.
    fingerprint = database.lookup('certificate_fingerprint').where(ven_id=ven_id) # Pseudo code
    return fingerprint

# mended: the test gives the paths of its own files, and any port that is free.
server = OpenADRServer(vtn_id='MyVTN',
                       cert=cert,
                       key=key,
                       passphrase='mypassphrase',
                       fingerprint_lookup=fingerprint_lookup,
                       http_port=0,
                       **tls)
