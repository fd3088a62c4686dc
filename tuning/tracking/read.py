"""Read a recorded trial from its run, and find a trial's run."""

from pydantic import ValidationError

from data.addresses import masked
from tuning.campaign.errors import RecordError, no_such_run
from tuning.journal.record import RecordedTrial
from tuning.journal.text import first_line
from tuning.tracking.artifact_files import ArtifactError
from tuning.tracking.client import Store, StoredRun, reachable
from tuning.tracking.environment_tags import packages_text
from tuning.tracking.layout import Tag


def recorded_trial(run_id: str, uri: str) -> RecordedTrial:
    """Return the trial that a run of kind trial or reproduce holds.

    Raises:
        RecordError: there is no such run, it is not a trial's, or its trial has not ended.
        StoreError: the store cannot be used.
    """
    where = f"MLflow run {run_id} in {masked(uri)}"
    with reachable(uri):
        store = Store(uri)
        run = _run(store, run_id, where)
        kind = run.tags.get(Tag.RUN_KIND)
        if kind is None:
            raise RecordError(f"{where} was not written by seqtune. Name the run of a trial (`seqtune top NAME`)")
        if kind == "confirmation":
            raise RecordError(
                f"{where} is the confirmation of campaign {run.tags.get(Tag.CAMPAIGN)!r}. Name the run of one of its "
                "trials"
            )
        if kind == "campaign":
            raise RecordError(
                f"{where} is the whole campaign {run.tags.get(Tag.CAMPAIGN)!r}, not a trial. Name the run of one of "
                "its trials, or give the campaign's name and --trial K"
            )
        text = _text(store, run_id, where)
    if text is None:
        raise RecordError(
            f"{where} has no trial.json: trial {run.tags.get(Tag.INDEX)} of {run.tags.get(Tag.CAMPAIGN)!r} has not "
            f"ended (it is {run.tags.get(Tag.STATUS)}), or its artifacts were removed. Wait for it, or bring the store "
            f"up to the journal with `seqtune sync {run.tags.get(Tag.CAMPAIGN)}`"
        )
    return parsed_trial(text, where, run)


def parsed_trial(text: str, where: str, run: StoredRun) -> RecordedTrial:
    """Return the trial of a ``trial.json``.  where: the run, for messages.

    Raises:
        RecordError: the file is damaged or of another version.
    """
    try:
        return RecordedTrial.from_json(text)
    except ValueError as error:
        raise RecordError(
            f"{where}: its trial.json is not of this version of seqtune ({validation_message(error)}). "
            f"Use the version that wrote it: {packages_text(run.tags)}"
        ) from error


def validation_message(error: ValueError) -> str:
    """Return the first problem of a file, with its key."""
    if not isinstance(error, ValidationError):
        return first_line(error)
    first = error.errors()[0]
    key = ".".join(map(str, first["loc"]))
    return f"{key}: {first['msg']}" if key else first["msg"]


def trial_run(store: Store, campaign: str, index: int, campaign_id: str | None = None) -> StoredRun | None:
    """Return a trial's run; the latest where several campaigns have the name."""
    experiment = store.find_experiment(campaign)
    if experiment is None:
        return None
    tags: dict[str, str] = {Tag.RUN_KIND: "trial", Tag.CAMPAIGN: campaign, Tag.INDEX: str(index)}
    if campaign_id is not None:
        tags[Tag.CAMPAIGN_ID] = campaign_id
    runs = [run for run in store.runs(experiment, tags) if not run.deleted]
    return runs[-1] if runs else None


def _text(store: Store, run_id: str, where: str) -> str | None:
    try:
        return store.text(run_id, "trial.json")
    except ArtifactError as error:
        raise RecordError(f"{where}: {error}. Restore the original") from None


def _run(store: Store, run_id: str, where: str) -> StoredRun:
    run = store.find_run(run_id)
    if run is None:
        raise RecordError(no_such_run(where))
    return run
