"""Signing Messages."""
# mypy: ignore-errors
# ruff: noqa: F821, I001, N811, RET505
# fmt: off

# mended: the page does not define database; the test gives one.
# mended: the page has OpenADRServr.
from vtn import VTN as OpenADRServer

def ven_lookup(ven_id):
    # Look up the information about this VEN.
    ven_info = database.lookup('vens').where(ven_id=ven_id) # Pseudo code
    if ven_info:
        return {'ven_id': ven_info['ven_id'],
                'ven_name': ven_info['ven_name'],
                'fingerprint': ven_info['fingerprint'],
                'registration_id': ven_info['registration_id']}
    else:
        return {}

# mended: the page defines ven_lookup and gives fingerprint_lookup, which it does not define.
# mended: the test gives the paths of its own files, and any port that is free.
server = OpenADRServer(vtn_id='MyVTN',
                       cert=cert,
                       key=key,
                       passphrase='mypassphrase',
                       ven_lookup=ven_lookup,
                       http_port=0,
                       **tls)
