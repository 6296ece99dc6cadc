"""Measures openleadr and this project side by side: ``python -m benchmarks``.

Each subject is one process on one core (``child``), the load comes from the other core
(``load``), and the two take turns, round by round. ``polls``, ``reports``, ``memory`` and
``information`` hold the rows; ``results`` the table. What is measured, and what is not,
stands in docs/explanation/performance.md.
"""
