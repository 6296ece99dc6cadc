"""Which core does what, and how much of it a process uses."""

import os
from pathlib import Path


def load_core() -> int:
    """Returns the core for the load generator: the first that this process may use."""
    return min(_usable())


def server_core() -> int:
    """Returns the core for what is measured: the last that this process may use."""
    return max(_usable())


#: Names the cores for the children of a process that keeps itself on one of them.
_CORES = "BENCHMARK_CORES"


def _usable() -> frozenset[int]:
    given = os.environ.get(_CORES)
    return frozenset(map(int, given.split(",")) if given else os.sched_getaffinity(0))


def pin(core: int) -> None:
    """Keeps this process, and threads that it starts from now on, on one core.

    Children inherit that; they still know of the other cores and can go there.
    """
    os.environ[_CORES] = ",".join(map(str, sorted(_usable())))
    os.sched_setaffinity(0, {core})


def cpu_seconds(pid: int) -> float:
    """Returns the processor time of a process so far, all its threads together."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (OSError, IndexError):  # the thread has ended
            continue
    return total / 1e9


def memory(pid: int) -> dict[str, float]:
    """Returns what a process holds: ``rss`` and ``pss``, in MB of 1,000,000 bytes."""
    found: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("Rss", "Pss"):
            found[name.lower()] = int(rest.split()[0]) * 1024 / 1e6
    return found


def processor() -> str:
    """Returns what the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return "unknown"
