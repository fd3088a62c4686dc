"""Reading runs back: a recorded trial from its run, and the run of a campaign's trial."""

from tuning.campaign.errors import RecordError, no_such_run
from tuning.journal.record import RecordedTrial
from tuning.journal.text import first_line
from tuning.tracking.client import Store, StoredRun, reachable, shown
from tuning.tracking.layout import Tag


def recorded_trial(run_id: str, uri: str) -> RecordedTrial:
    """Return the trial that a run of kind trial, confirm or reproduce holds.

    Raises:
        RecordError: there is no such run, it holds no trial, or its trial has not ended.
        StoreError: the store cannot be used.
    """
    where = f"MLflow run {run_id} in {shown(uri)}"
    with reachable(uri):
        store = Store(uri)
        run = _run(store, run_id, where)
        kind = run.tags.get(Tag.RUN_KIND)
        if kind is None:
            raise RecordError(f"{where} was not written by seqtune. Name the run of a trial (`seqtune top NAME`)")
        if kind == "campaign":
            raise RecordError(
                f"{where} is the whole campaign {run.tags.get(Tag.CAMPAIGN)!r}, not a trial. Name the run of one of "
                "its trials, or give the campaign's name and --trial K"
            )
        text = store.text(run_id, "trial.json")
    if text is None:
        raise RecordError(
            f"{where} has no trial.json: trial {run.tags.get(Tag.INDEX)} of {run.tags.get(Tag.CAMPAIGN)!r} has not "
            f"ended (it is {run.tags.get(Tag.STATUS)}), or its artifacts were removed. Wait for it, or bring the store "
            f"up to the journal with `seqtune sync {run.tags.get(Tag.CAMPAIGN)}`"
        )
    try:
        return RecordedTrial.from_json(text)
    except ValueError as error:
        raise RecordError(
            f"{where}: its trial.json is not one of this version of seqtune ({first_line(error)}). "
            "Read it with the version that wrote it"
        ) from error


def trial_run(store: Store, campaign: str, index: int, campaign_id: str | None = None) -> StoredRun | None:
    """Return a trial's run; the latest where campaigns of one name were begun several times."""
    experiment = store.find_experiment(campaign)
    if experiment is None:
        return None
    tags: dict[str, str] = {Tag.RUN_KIND: "trial", Tag.CAMPAIGN: campaign, Tag.INDEX: str(index)}
    if campaign_id is not None:
        tags[Tag.CAMPAIGN_ID] = campaign_id
    found = [run for run in store.runs(experiment, tags) if not run.deleted]
    return found[-1] if found else None


def _run(store: Store, run_id: str, where: str) -> StoredRun:
    run = store.find_run(run_id)
    if run is None:
        raise RecordError(no_such_run(where))
    return run
