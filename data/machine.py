"""What of the machine this process may use: cores and memory."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OWN_GROUPS = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")


def cores() -> int:
    """Return the cores that this process may run on: fewer than the machine has under taskset or Slurm."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_bytes() -> int:
    """Return the machine's memory, or the smallest limit of a container, Slurm or systemd if that is less."""
    return min([os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_limits()])


def _limits() -> Iterator[int]:
    """Yield the memory limits of this process's control groups and of those above them, of version 1 or 2."""
    groups: list[str] = []
    with suppress(OSError):
        groups = OWN_GROUPS.read_text().splitlines()
    for group in groups:
        _, controllers, path = group.split(":", 2)
        if not controllers:
            root, name = CGROUPS, "memory.max"
        elif controllers == "memory":
            root, name = CGROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        folder = root / path.lstrip("/")
        for level in (folder, *folder.parents):
            if level.is_relative_to(root):
                with suppress(OSError, ValueError):  # no such limit, or "max"
                    yield int((level / name).read_text())
