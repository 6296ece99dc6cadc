"""A demand-response day in about a minute: ``vtn demo``.

It is the production VTN and VEN, as separate processes over mutual TLS, on a clock that
runs 1,440 times as fast. ``script`` says what happens when, ``buildings`` who takes part.
"""
