"""The conformance kit: proves any OpenADR 2.0b VTN or VEN, rule by rule, from outside.

``checks`` are the rules as small functions over what is said, and ``judge`` feeds them.
``cases`` bring situations about (``case`` says how one is written) and state ``demands``
that no check can see; ``peers`` are the parties that the kit plays in them. ``run`` runs
them against a ``device``, at which an ``operator`` or one of the ``adapters`` does the
``actions`` that a case wants. ``passive`` judges recordings and live traffic, ``report``
tells what came of it, ``cli`` is the command ``conform``, and ``pytest_plugin`` runs cases
out of somebody's own tests. ``ledger`` says of each rule what proves it.
"""
