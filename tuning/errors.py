"""What can be wrong with what a user asks of this room; each message says what, where, got, allowed, what to do."""


class CampaignError(ValueError):
    """A campaign file that cannot be run as it stands."""


class RecordError(LookupError):
    """A campaign, trial, run, export or rank that is not there or cannot be read."""


class JournalError(ValueError):
    """A journal that is damaged, of a newer version, or belongs to another campaign file."""


class StoreError(OSError):
    """A place that cannot be written to or reached: disk, home, MLflow server."""
