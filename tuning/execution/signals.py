"""Ctrl-C and SIGTERM while trials run: a request to stop between two steps."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_INTERRUPTED = 130
GRACE_S = 60.0
"""How long a launch may take to stop before its process ends: where Ray's daemons got the signal too, it may hang."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Set by the first signal; the second one, or ``GRACE_S`` later, ends the process, which the journal survives."""

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._deadline: threading.Timer | None = None

    @property
    def requested(self) -> bool:
        """Whether a signal has come."""
        return self._requested.is_set()

    def install(self) -> None:
        """Handle the signals; again after ``ray.init``, which replaces the handler of SIGTERM."""
        for number in SIGNALS:
            signal.signal(number, self._handle)

    def close(self) -> None:
        """Cancel the deadline."""
        if self._deadline is not None:
            self._deadline.cancel()

    def _handle(self, _signal: int, _frame: FrameType | None) -> None:
        if self.requested:
            _exit()
        self._requested.set()
        self._deadline = threading.Timer(GRACE_S, _exit)
        self._deadline.daemon = True
        self._deadline.start()
        sys.stderr.write("\nseqtune: stopping; finished epochs are kept. Press Ctrl-C again to exit at once\n")
        sys.stderr.flush()


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Handle the signals while the block runs; outside the main thread Python allows no handlers, and none is set."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    request.install()
    try:
        yield request
    finally:
        request.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit() -> None:
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{show_cursor}\nseqtune: exited at once; the same command resumes the campaign\n")
    sys.stderr.flush()
    os._exit(EXIT_INTERRUPTED)
