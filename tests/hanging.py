"""Workers that are stopped while they do one thing, as if they hung."""

import signal
import time

import psutil


def is_doing(worker: psutil.Process, doing: str) -> bool:
    """Whether Ray names a worker so, at the end; between two epochs it names no method."""
    return (worker.cmdline() or [""])[0].strip().endswith(doing)


def stopped(worker: psutil.Process, doing: str) -> bool:
    """Stop a worker, unless it does something else meanwhile."""
    worker.send_signal(signal.SIGSTOP)
    while worker.status() != psutil.STATUS_STOPPED:
        time.sleep(0.001)
    if is_doing(worker, doing):
        return True
    worker.send_signal(signal.SIGCONT)
    return False
