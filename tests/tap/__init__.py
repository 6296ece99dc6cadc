"""The tap: all that our VTN and our VEN send in any test is held against the rules.

``seams`` puts it into the classes through which messages go, in this process and in those
that tests start (``site/sitecustomize.py``); ``plugin`` lets a test fail that makes one of
our sides break a rule.
"""

import os
from pathlib import Path

__all__ = ["environment"]


def environment() -> dict[str, str]:
    """Returns the environment for a child process: tapped, and with our packages to be found."""
    root = str(Path(__file__).parents[2])
    paths = [*filter(None, [os.environ.get("PYTHONPATH")]), root]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
