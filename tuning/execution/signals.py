"""Ctrl-C and SIGTERM, as Slurm, Docker and systemd send it: a request to stop, from a process's first moment on."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_INTERRUPTED = 130
GRACE_S = 60.0
"""How long trials may take to stop before the process exits: if Ray's daemons got the signal too, they may hang."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Remembers a signal.  It raises ``KeyboardInterrupt``, or in a ``deferred`` block waits to be looked at there."""

    def __init__(self) -> None:
        self.requested = False
        self._installed = False
        self._deferred = False
        self._deadline: threading.Timer | None = None

    def install(self) -> None:
        """Handle the signals; again after ``ray.init``, which replaces the handler of SIGTERM."""
        if threading.current_thread() is threading.main_thread():  # Python allows no handlers elsewhere
            for number in SIGNALS:
                signal.signal(number, self._handle)
            self._installed = True

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let no signal interrupt the block: it looks at ``requested`` between two steps.

        A second signal, or ``GRACE_S`` without an end, exits at once, which the journal survives.

        Raises:
            KeyboardInterrupt: a signal came before, in code that swallowed the exception.
        """
        restore = {} if self._installed else {number: signal.getsignal(number) for number in SIGNALS}
        if self._installed and self.requested:
            raise KeyboardInterrupt
        self.requested = False
        self._deferred = True
        self.install()
        try:
            yield
        finally:
            self._deferred = False
            if self._deadline is not None:
                self._deadline.cancel()
            if restore and self._installed:
                for number, handler in restore.items():
                    signal.signal(number, handler)
                self._installed = False

    def _handle(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._deferred:
            self.requested = True
            raise KeyboardInterrupt
        if self.requested:
            _exit()
        self.requested = True
        self._deadline = threading.Timer(GRACE_S, _exit)
        self._deadline.daemon = True
        self._deadline.start()
        sys.stderr.write("\nseqtune: stopping; finished epochs are kept. Press Ctrl-C again to exit at once\n")
        sys.stderr.flush()


STOP = StopRequest()
"""Of this process."""


def _exit() -> None:
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{show_cursor}\nseqtune: exited at once; the same command resumes the campaign\n")
    sys.stderr.flush()
    os._exit(EXIT_INTERRUPTED)
