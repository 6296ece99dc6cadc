"""A VTN behind a proxy that ends TLS: who calls stands in a header, and whose header counts.

Where next: `settings`, the section ``[proxy]``; `gate`, which reads the headers; then
``certs.forwarded`` and ``certs.trust``, which read and judge the certificate. The how-to is
docs/howto/proxy.md.
"""
