"""The errors of a campaign, its record and its store; each message says what, where, got, allowed, what to do.

Arguments are the lines of a message: a line break within one came with a name or value, and is printed escaped.
"""


class _Lines(Exception):  # noqa: N818 - the part that errors share
    """An error whose arguments are lines."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class CampaignError(_Lines, ValueError):
    """A campaign file that cannot be run."""


class LimitsError(CampaignError):
    """No suggestion within the campaign's limits was found."""


class RecordError(_Lines, LookupError):
    """A campaign, trial, run, export or rank that is not there or cannot be read."""


class JournalError(_Lines, ValueError):
    """A journal that is damaged, of a newer version, or belongs to another campaign file."""


def no_such_run(where: str) -> str:
    """Return the message for a run that a store does not have."""
    return (
        f"{where}: no such run. Copy the id from the run's page in MLflow, or give the campaign's name and --trial K; "
        "choose another store with MLFLOW_TRACKING_URI or --home"
    )


class StoreError(_Lines, OSError):
    """A place that cannot be written to or reached: disk, home, MLflow server."""
