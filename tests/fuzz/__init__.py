"""Whatever a peer may send: made up by the hundred thousand, and what both sides make of it.

It lives beside the tests, because it judges by what the tests know: the worlds without
sockets, the tap that holds traffic against the rules, the seeds. ``make fuzz`` runs all of
it at length (``python -m tests.fuzz``), ``make test`` a small and fixed part.

``schema``, ``values``, ``grammar`` and ``writing`` make schema-valid documents from the XSD
files themselves; ``damage`` spoils documents, as bytes and as trees. ``vtn_side`` and
``ven_side`` are parties under fire, with what must hold for each answer; ``walks`` says valid
things in any order. ``campaign`` and ``__main__`` run it all on several processes, and
``atheris_targets`` lets coverage guide the damage. Explained in
``docs/explanation/fuzzing.md``.
"""
