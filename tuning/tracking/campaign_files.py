"""Files that a command adds to a campaign's own run, after the campaign was published."""

from collections.abc import Mapping

from tuning.journal.events import Opened
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.tracking.client import Store, reachable
from tuning.tracking.layout import Tag


def add_to_campaign(home: Home, first: Entry, texts: Mapping[str, str]) -> bool:
    """Write text files to a campaign's run, replacing those of the same name; False where it is not in MLflow.

    The default store is not created for this.  first: of the campaign's journal.

    Raises:
        StoreError: the store cannot be used.
    """
    event = first.event
    assert isinstance(event, Opened)  # noqa: S101 - every journal begins so
    uri = home.tracking_uri
    file = uri.removeprefix("sqlite:///")
    if file != uri and not home.path.joinpath(file).exists():
        return False
    with reachable(uri):
        store = Store(uri)
        experiment = store.find_experiment(event.config.name, deleted_is_error=False)
        if experiment is None:
            return False
        for run in store.runs(experiment, {Tag.CAMPAIGN_ID: event.id, Tag.RUN_KIND: "campaign"}):
            if not run.deleted:
                store.log_artifacts(run.id, texts)
                return True
    return False
