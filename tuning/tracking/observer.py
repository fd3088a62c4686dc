"""MLflow beside a launch or a confirmation: an observer that publishes in the background."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from tuning.journal.home import Home
    from tuning.journal.lines import Entry
    from tuning.journal.record import CampaignRecord
    from tuning.tracking.background import BackgroundPublisher


class Tracking:
    """An observer that starts publishing with the first event, so that a launch that never begins leaves no store.

    A context manager: publishing ends with the block, also of what a former launch did not publish.  behind: why MLflow
    is behind the journal then, None where it is not.  interrupted: whether Ctrl-C ended the publishing.
    """

    def __init__(self, home: "Home", name: str) -> None:
        self.home = home
        self.name = name
        self.publisher: BackgroundPublisher | None = None
        self.behind: str | None = None
        self.interrupted = False

    def __call__(self, record: "CampaignRecord", entry: "Entry") -> None:
        """Publish one more event."""
        self._started()(record, entry)

    def _started(self) -> "BackgroundPublisher":
        if self.publisher is None:
            from tuning.tracking.background import BackgroundPublisher  # brings MLflow, which takes seconds

            self.publisher = BackgroundPublisher(self.home, self.name)
        return self.publisher

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None and self.home.journal(self.name).exists():
                self._started()  # also of a finished campaign without new events: publishing may have been cut off
            self.behind = self.publisher.close(abandoned=kind is not None) if self.publisher else None
        except KeyboardInterrupt:
            self.interrupted = True
            self.behind = "interrupted"
