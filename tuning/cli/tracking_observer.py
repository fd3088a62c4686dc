"""MLflow beside a launch or a confirmation: an observer that publishes in the background."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuning.journal.home import Home
    from tuning.journal.log import Entry
    from tuning.journal.record import CampaignRecord
    from tuning.tracking.background import BackgroundPublisher


class Tracking:
    """An observer that starts publishing with the first event, so that a launch that never begins leaves no store."""

    def __init__(self, home: "Home", name: str) -> None:
        self.home = home
        self.name = name
        self.publisher: BackgroundPublisher | None = None
        self.interrupted = False

    def __call__(self, record: "CampaignRecord", entry: "Entry") -> None:
        """Publish one more event."""
        if self.publisher is None:
            from tuning.tracking.background import BackgroundPublisher

            self.publisher = BackgroundPublisher(self.home, self.name)
        self.publisher(record, entry)

    def close(self) -> str | None:
        """Return why MLflow is behind the journal, None where it is not."""
        try:
            return self.publisher.close() if self.publisher else None
        except KeyboardInterrupt:
            self.interrupted = True
            return "interrupted"
