"""What a process that listens does with itself."""

import json
import subprocess
import sys

import pytest

resource = pytest.importorskip("resource", reason="only POSIX systems have limits on open files")

_PROGRAM = """
import gc, json, resource
from runtime.listening import own_process
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 64), hard))
own_process()
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
print(json.dumps([limits, gc.get_freeze_count(), gc.isenabled()]))
"""


def test_a_process_of_its_own_may_have_as_many_connections_as_the_system_allows() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    )
    (soft, hard), frozen, collects = json.loads(done.stdout)
    assert soft == hard
    assert frozen > 0
    assert collects
