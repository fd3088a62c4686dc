"""Limits around the import of a user's file: what it prints stays off standard output, and it has to end."""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType


class TimeLimitError(BaseException):
    """The time is up.  No Exception, so that the code under way does not take it for its own."""


@contextlib.contextmanager
def captured_output() -> Iterator[io.StringIO]:
    """Collect what Python prints; what is written past Python to standard output goes to standard error.

    Standard output may be the JSON of a command.
    """
    text = io.StringIO()
    sys.stdout.flush()
    kept: int | None = None
    with contextlib.suppress(OSError):  # no standard output at all
        kept = os.dup(1)
        os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            yield text
    finally:
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimitError in the block when the time is up.  In the main thread alone; elsewhere there is no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeLimitError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
