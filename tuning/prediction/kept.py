"""A kept trial: its record, weights and preparation, from the home where it was trained."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data.arrays import Arrays
from data.errors import DataError
from data.preparation import Preparation, find_prepared, read_preparation
from data.prepare import prepare
from data.prepared import open_arrays
from tuning.campaign.errors import RecordError
from tuning.campaign.trial import TrialConfig
from tuning.journal.home import Confirmations, Home
from tuning.journal.record import RecordedTrial
from tuning.journal.text import trial_name
from tuning.training.files import WEIGHTS
from tuning.training.predictor import Predictor
from tuning.training.weights import load_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTrial:
    """A trained model."""

    recorded: RecordedTrial
    preparation: Preparation
    predictor: Predictor


def kept_in_home(
    home: Home, recorded: RecordedTrial, *, datasets: Path | None, progress: Callable[[str], None]
) -> KeptTrial:
    """Return a trial's model with the weights and the preparation that the home keeps.

    Raises:
        RecordError: the weights are not kept, or damaged.
        DataError: the preparation is not kept, and the data to prepare again are not here.
    """
    trial, owner = recorded.config, home.owner(recorded)
    path = owner.trial(trial.campaign, trial.index) / WEIGHTS
    if not path.exists():
        name = f"{trial_name(trial.index)} of campaign {trial.campaign!r}"
        which = [trial.campaign, "--trial", trial.index]
        rule = "a campaign keeps those of its ten best trials, with replicates of one trial of each of the ten best"
        if isinstance(owner, Confirmations):
            name, which = f"{name}, its confirmation", ["RUN_ID"]
            rule = "a confirmation keeps those of the best trial of each configuration"
        raise RecordError(
            f"{name}: its weights are not kept in {home.path}: {rule}. "
            f"Train it again and keep them: {home.command('reproduce', *which, '--keep-weights')}"
        )
    return kept(recorded, _preparation(owner, trial, datasets, progress), path)


def kept(recorded: RecordedTrial, preparation: Preparation, weights: Path) -> KeptTrial:
    """Return a trial's model with the weights of a file.

    Raises:
        RecordError: the weights are damaged, are not those of the trial, or do not fit its configuration.
    """
    trial = recorded.config
    where = f"{trial_name(trial.index)} of campaign {trial.campaign!r}: {weights.parent}"
    try:
        values = load_weights(weights, recorded.result.weights_sha256)
        predictor = Predictor(trial, preparation, values)
    except ValueError as error:
        raise RecordError(f"{where}: {error}") from None
    return KeptTrial(recorded=recorded, preparation=preparation, predictor=predictor)


def arrays_of(home: Home, trial: TrialConfig, *, datasets: Path | None, progress: Callable[[str], None]) -> Arrays:
    """Return the arrays that a trial was trained on, from the home, or prepared again.

    Raises:
        DataError: they are not kept, and the data to prepare again are not here or are others.
    """
    found = find_prepared(home.arrays, trial.data_sha256)
    if found is not None:
        return open_arrays(found[0])
    return open_arrays(_prepared_again(home, trial, datasets, progress)[0])


def _preparation(home: Home, trial: TrialConfig, datasets: Path | None, progress: Callable[[str], None]) -> Preparation:
    path = home.preparation(trial.campaign, trial.data_sha256)
    if path.exists():
        return read_preparation(path)
    found = find_prepared(home.arrays, trial.data_sha256)  # of a campaign that is older than the file
    if found is not None:
        return Preparation.of(found[1])
    return _prepared_again(home, trial, datasets, progress)[1]


def _prepared_again(
    home: Home, trial: TrialConfig, datasets: Path | None, progress: Callable[[str], None]
) -> tuple[Path, Preparation]:
    prepared = prepare(trial.data, datasets=datasets, store=home.arrays, progress=progress)
    if prepared.sha256 != trial.data_sha256:
        raise DataError(
            f"{trial.data.dataset} gives data with sha256 {prepared.sha256[:12]} here; "
            f"{trial_name(trial.index)} of campaign {trial.campaign!r} was trained on {trial.data_sha256[:12]}. Point "
            "--datasets to the files it was made from."
        )
    return prepared.directory, Preparation.of(prepared.manifest)
