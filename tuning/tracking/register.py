"""A campaign's confirmed champion as a version of a registered model."""

from dataclasses import dataclass
from pathlib import Path

from tuning.analysis.confirmation import ConfirmationSummary
from tuning.analysis.confirmation_units import PARTS
from tuning.campaign.errors import RecordError
from tuning.journal.home import Home
from tuning.journal.text import score, trial_name
from tuning.tracking.client import Store, reachable
from tuning.tracking.layout import MODEL, Tag
from tuning.tracking.models import log_model
from tuning.tracking.publisher import publishing, sync
from tuning.tracking.read import trial_run
from tuning.training.files import WEIGHTS
from tuning.training.weights import load_weights

ALIAS = "champion"
"""Of the version that was registered last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A version of a registered model.  created: it is new, else it was there."""

    model: str
    version: str
    trial: int
    run: str
    created: bool


def register(home: Home, summary: ConfirmationSummary) -> Registration:
    """Register the first trial of a confirmation as a version of the model with the campaign's name.

    Its tags are the confirmed figures of its configuration: means, and bounds of their intervals.  A trial that is
    registered already keeps its version; the tags are brought up to date.

    Raises:
        RecordError: the weights of the trial are not kept, or damaged, or its run was deleted in MLflow.
        StoreError: the store cannot be used, or another process is publishing the campaign.
    """
    name, index = summary.campaign, summary.configurations[0].trial
    record = home.record(name)
    recorded = record.recorded(record.trials[index])
    weights = home.trial(name, index) / WEIGHTS
    again = home.command("reproduce", name, "--trial", index, "--keep-weights")
    if fault := _fault(home, weights, recorded.result.weights_sha256):
        raise RecordError(
            f"campaign {name!r}: {trial_name(index)} cannot be registered: {fault}. Train it again and keep its "
            f"weights: {again}"
        )
    sync(home, name)
    with publishing(home, name), reachable(home.tracking_uri):
        store = Store(home.tracking_uri)
        run = trial_run(store, name, index, _campaign_id(home, name))
        if run is None:
            raise RecordError(f"campaign {name!r}: the run of {trial_name(index)} was deleted in MLflow. Restore it")
        sha256 = str(recorded.result.weights_sha256)
        version = store.registered(name, run.id, (Tag.WEIGHTS, sha256))
        tags = _tags(summary) | {Tag.WEIGHTS: sha256}
        created = version is None
        if version is None:
            if not log_model(store, run.id, recorded, home=home, weights=weights):
                raise RecordError(
                    f"campaign {name!r}: {trial_name(index)} cannot be registered: how its data were prepared is not "
                    f"known here. Launch the campaign again, or: {again}"
                )
            version = store.register(name, f"runs:/{run.id}/{MODEL}", run.id, tags)
        store.mark_version(name, version, tags, ALIAS)
    return Registration(model=name, version=version, trial=index, run=run.id, created=created)


def _fault(home: Home, weights: Path, sha256: str | None) -> str | None:
    """Return why a trial's weights cannot be used, if so."""
    if not weights.exists():
        return f"its weights are not kept in {home.path}"
    try:
        load_weights(weights, sha256)
    except ValueError as error:
        return str(error)
    return None


def _campaign_id(home: Home, name: str) -> str:
    event = home.known_entries(name)[0].event
    return str(getattr(event, "id", ""))


def _tags(summary: ConfirmationSummary) -> dict[str, str]:
    """Return the confirmed figures of the first configuration."""
    champion = summary.configurations[0]
    tags = {
        Tag.CAMPAIGN: summary.campaign,
        Tag.INDEX: str(champion.trial),
        "seqtune.confirmed.trainings": str(champion.completed),
    }
    for part in PARTS:
        for metric, figure in getattr(champion, part).metrics.items():
            tags[f"seqtune.confirmed.{part}.{metric}"] = score(figure.mean)
            if figure.low is not None and figure.high is not None:
                tags[f"seqtune.confirmed.{part}.{metric}.interval"] = f"{score(figure.low)} to {score(figure.high)}"
    return tags
