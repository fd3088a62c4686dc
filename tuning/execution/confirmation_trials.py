"""The trials of a confirmation: each of its configurations with fresh seeds and splits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from data.config import DataConfig
from data.prepare import Prepared
from tuning.campaign.config import CampaignConfig
from tuning.campaign.errors import JournalError
from tuning.campaign.seeds import derive
from tuning.campaign.trial import TrialConfig
from tuning.campaign.variants import variant_of
from tuning.journal.events import ConfirmationRequest, Confirms, Suggested
from tuning.journal.record import CampaignRecord
from tuning.training.environment import Environment
from tuning.training.results import TrialResult


class ConfirmationTrials:
    """The list of a confirmation's trials; see ``tuning.execution.driver.TrialSource``."""

    def __init__(self, wanted: Sequence[Suggested], *, seeds: int) -> None:
        """``wanted``: every trial that the confirmation is to have, those that it has already among them."""
        self.wanted = {suggested.trial.index: suggested for suggested in wanted}
        self.abort_after = 2 * seeds + 3
        self.none_left: str | None = None

    def resume(
        self, path: Path, record: CampaignRecord, environment: Environment, progress: Callable[[str], None]
    ) -> None:
        """Check that the trials of the journal are those that its campaign gives."""
        del environment, progress
        self.given = len(record.trials)
        for index, trial in record.trials.items():
            if index in self.wanted and self.wanted[index].trial != trial.config:
                raise JournalError(
                    f"{path}: trial {index} is not the one that the campaign's journal gives. Has one of the two "
                    "journals been changed or restored? Remove the folder to confirm the campaign anew"
                )

    def handed_out(self) -> int:
        """Return how many trials the confirmation has."""
        return self.given

    def next(self, record: CampaignRecord) -> Suggested | None:
        """Return the next trial; None after the last."""
        suggested = self.wanted.get(self.given) if self.given < record.target else None
        self.given += suggested is not None
        return suggested

    def learn(self, index: int, result: TrialResult) -> None:
        """Learn nothing."""


def confirmation_trials(
    campaign: CampaignRecord,
    confirmation: CampaignRecord,
    request: ConfirmationRequest,
    prepared: Mapping[str, Prepared],
) -> Iterator[Suggested]:
    """Yield every trial of a request: those that the confirmation has, the others under the next indices."""
    indices = {trial.confirms: index for index, trial in confirmation.trials.items()}
    following = len(indices)
    for split in range(1, request.splits + 1) if request.splits else (0,):
        for seed in range(request.seeds):
            for source in request.trials:
                confirms = Confirms(trial=source, seed=seed, split=split)
                index = indices.get(confirms, following)
                following += index == following
                original = campaign.trials[source]
                trial = _trial(original.config, campaign.config, confirms, index, prepared)
                yield Suggested(trial=trial, assignment=original.assignment, confirms=confirms)


def _trial(
    original: TrialConfig, config: CampaignConfig, confirms: Confirms, index: int, prepared: Mapping[str, Prepared]
) -> TrialConfig:
    """Return one training of a configuration: another seed and split, and no rung, so that it trains to its end."""
    data = confirmed_data(original.data, config, seed=confirms.seed, split=confirms.split)
    return original.model_copy(
        update={
            "index": index,
            "seed": derive(config.seed, "confirm", confirms.seed),
            "data": data,
            "data_sha256": prepared[variant_of(data, config, fresh_split=confirms.fresh_split)].sha256,
            "rungs": (),
        }
    )


def confirmed_data(data: DataConfig, config: CampaignConfig, *, seed: int, split: int) -> DataConfig:
    """Return the data of one training: the seeds take folds or splits in turn."""
    fresh = {"split_seed": derive(config.seed, "confirm split", split)} if split else {}
    fold = {} if data.divisions is None else {"fold": seed % data.divisions + 1}
    return data.model_copy(update=fresh | fold)
