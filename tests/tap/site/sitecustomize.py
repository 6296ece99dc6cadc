"""Puts the tap into a process that a test has started; Python loads this by itself."""

import importlib.util
import os
import sys
from pathlib import Path

_FOLDER = os.environ.get("OADR_TAP_FOLDER")
if _FOLDER:
    _PATH = Path(__file__).parents[1] / "seams.py"
    _SPEC = importlib.util.spec_from_file_location("_oadr_tap", _PATH)
    if _SPEC is not None and _SPEC.loader is not None:
        _SEAMS = importlib.util.module_from_spec(_SPEC)
        sys.modules[_SPEC.name] = _SEAMS
        _SPEC.loader.exec_module(_SEAMS)
        _SEAMS.installed(_SEAMS.written(_FOLDER))
