"""Several campaigns compared by their confirmations: the best configuration of each, on the test part.

Campaigns are ranked by their means on the validation part, never on the test part.  A unit, a seed or a split, that two
of them share makes a pair; without such units Welch's test compares them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from tuning.analysis.conclusions import borderline, difference, p_text
from tuning.analysis.confirmation import ConfirmationSummary, ConfirmedConfiguration, confirmation_summary
from tuning.analysis.confirmation_units import Units
from tuning.analysis.contrasts import Tested, adjusted
from tuning.analysis.statistics import ENOUGH, Estimate, paired, welch
from tuning.campaign.errors import CampaignError
from tuning.campaign.objective import Goal, cost
from tuning.journal.record import CampaignRecord, TrialRecord

PREPARATION = {
    *("balance", "balance_seed", "smote_neighbors", "majority_kept", "scale"),
    *("vocabulary", "max_length", "truncate", "unknown"),
}
"""Data options that change no row's part: with all others equal, two trainings have the same split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedCampaign:
    """The first configuration of a confirmation.

    trial: of the campaign, with its searched values.  search: the score that the search gave it.  valid: the objective
    on the validation part, test: all metrics on the test part, both over units.  test_rows: fewest and most of a
    training.  opened: how often the campaign's test part was.
    """

    campaign: str
    trial: int
    settings: dict[str, Any]
    completed: int
    planned: int
    search: float
    test_rows: tuple[int, int]
    valid: Estimate
    test: dict[str, Estimate]
    opened: int

    @property
    def incomplete(self) -> bool:
        """Whether trainings failed or have not ended."""
        return self.completed < self.planned


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignContrast(Tested):
    """One campaign minus the first one on the test part.

    pairs: units that both have, over which the paired t-test is; 0: they share none, and the test is Welch's.
    """

    campaign: str
    first: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignComparison:
    """Campaigns by their mean on the validation part, best first, incomplete ones last.

    units: what means, intervals and tests are over.  tests: number of tests that Holm's adjustment covers.
    """

    metric: str
    goal: Goal
    dataset: str
    units: str
    campaigns: list[ConfirmedCampaign]
    contrasts: list[CampaignContrast]
    tests: int
    notes: list[str]
    """Those that all confirmations have."""


class _Entrant:
    """One campaign with the trainings of its best confirmed configuration."""

    def __init__(self, campaign: CampaignRecord, confirmation: CampaignRecord) -> None:
        self.summary: ConfirmationSummary = confirmation_summary(campaign, confirmation)
        self.name = self.summary.campaign
        self.best: ConfirmedConfiguration = self.summary.configurations[0]
        self.config = campaign.config
        self.trials = [confirmation.trials[index] for index in self.best.trials]
        request = confirmation.launches[-1].confirmation
        assert request is not None  # noqa: S101 - confirmation_summary has refused it
        self.sample = Units(confirmation, request)
        self.overlap = self.sample.ratio(self.trials, "test")
        classes = next(iter(confirmation.data.values())).classes
        objective = self.config.objective
        self.asked = {
            "data sets": self.config.data.dataset,
            "objectives": f"{objective.metric} ({objective.goal})",
            "classes": ", ".join(classes),
        }
        """What must be equal in campaigns that are compared."""

    @property
    def complete(self) -> bool:
        """Whether no training failed and all have ended."""
        return self.best.completed == self.best.planned

    def test_rows(self) -> tuple[int, int]:
        """Return the fewest and the most rows of the test part of a training."""
        variants = {self.sample.confirmation.variant(trial.config) for trial in self.trials}
        counts = sorted(sum(self.sample.confirmation.data[variant].test.values()) for variant in variants)
        return counts[0], counts[-1]

    def units(self) -> dict[frozenset[str], float]:
        """Return what identifies each unit in other campaigns as well -> its mean on the test part."""
        values = self.sample.values(self.trials, "test", self.config.objective.metric)
        same: dict[int, set[str]] = {}
        for trial in self.trials:
            same.setdefault(self.sample.unit(trial), set()).add(self._split(trial))
        return {frozenset(same[unit]): value for unit, value in values.items()}

    def _split(self, trial: TrialRecord) -> str:
        """Return the split of a training, and its seed where units are seeds."""
        seed = f"seed {trial.config.seed} " if self.sample.name == "seeds" else ""
        return seed + trial.config.data.model_dump_json(exclude=PREPARATION)


def compare_campaigns(records: Sequence[tuple[CampaignRecord, CampaignRecord]]) -> CampaignComparison:
    """Compare the best configurations of confirmed campaigns on the test part.

    records: of each campaign its record and that of its confirmation.

    Raises:
        CampaignError: a campaign is named twice; they differ in data set, classes, objective, or in what their
            confirmations' intervals are over; the same data options gave other data.
        RecordError: a confirmation without a completed trial.
    """
    entrants = [_Entrant(*pair) for pair in records]
    _check(entrants)
    _check_data(entrants)
    goal = entrants[0].config.objective.goal
    entrants.sort(key=lambda one: (not one.complete, cost(_mean(one.best, one.summary.metric), goal)))
    first = entrants[0]
    tested = {
        (a.name, b.name): _contrast(a, b)
        for b, a in combinations(entrants, 2)  # the first one second
        if a.complete and b.complete
    }
    (judged,) = adjusted([tested])
    return CampaignComparison(
        metric=first.summary.metric,
        goal=goal,
        dataset=first.config.data.dataset,
        units=first.summary.units,
        campaigns=[_confirmed(one) for one in entrants],
        contrasts=[test for (_, second), test in judged.items() if second == first.name],
        tests=sum(test.p is not None for test in judged.values()),
        notes=_notes(entrants),
    )


def campaigns_answer(comparison: CampaignComparison) -> list[str]:
    """Return the results: the first campaign, then the difference of each other one on the test part."""
    first, *others = comparison.campaigns
    most = "highest" if comparison.goal == "max" else "lowest"
    contrasts = {contrast.campaign: contrast for contrast in comparison.contrasts}
    sentences = [
        f"{first.campaign} has the {most} mean {comparison.metric} on the validation part, which ranks the campaigns."
    ]
    for other in others:
        tested = contrasts.get(other.campaign)
        if tested is None:
            missing = [f"{one.campaign} {one.completed} of {one.planned}" for one in (other, first) if one.incomplete]
            sentences.append(f"{other.campaign} is not tested: not all trainings completed ({', '.join(missing)}).")
        elif tested.p is None:
            sentences.append(f"{other.campaign} is not tested against {first.campaign}: {tested.untested}.")
        else:
            sentences.append(_difference(comparison, tested))
    unpaired = [contrast.campaign for contrast in comparison.contrasts if not contrast.pairs]
    if unpaired:
        common = "split and seed" if comparison.units == "seeds" else "split"
        sentences.append(
            f"Not paired with {first.campaign}, since they have no {common} in common: {', '.join(unpaired)}. "
            "Differences between the splits count as differences between the campaigns."
        )
    if len({one.test_rows for one in comparison.campaigns}) > 1:
        sizes = ", ".join(f"{one.campaign} {_count(one.test_rows)}" for one in comparison.campaigns)
        sentences.append(f"Their test parts are not the same rows: {sizes}.")
    if reopened := [f"{one.campaign} ({one.opened} times)" for one in comparison.campaigns if one.opened > 1]:
        sentences.append(
            f"The test part was opened repeatedly: {', '.join(reopened)}. Choices made after the first time make these "
            "figures optimistic."
        )
    return [*sentences, *borderline(comparison.contrasts)]


def _difference(comparison: CampaignComparison, contrast: CampaignContrast) -> str:
    pairs = f"{contrast.pairs} {comparison.units}"
    how = f"paired t-test on the test part, {pairs}" if contrast.pairs else "Welch's t-test on the test part"
    return difference(
        contrast.campaign,
        contrast.first,
        contrast,
        f"{how}, {p_text(contrast, comparison.tests)}",
        score=comparison.goal == "max",
        response="objective",
        response_name=comparison.metric,
    )


def _count(rows: tuple[int, int]) -> str:
    return " to ".join(f"{count:,}" for count in dict.fromkeys(rows))


def _confirmed(one: _Entrant) -> ConfirmedCampaign:
    return ConfirmedCampaign(
        campaign=one.name,
        trial=one.best.trial,
        settings=one.best.settings,
        completed=one.best.completed,
        planned=one.best.planned,
        search=one.best.search,
        test_rows=one.test_rows(),
        valid=one.best.valid.metrics[one.summary.metric],
        test=one.best.test.metrics,
        opened=len(one.summary.opened),
    )


def _notes(entrants: Sequence[_Entrant]) -> list[str]:
    first, *others = (one.summary.notes for one in entrants)
    return [note for note in first if all(note in notes for notes in others)]


def _mean(best: ConfirmedConfiguration, metric: str) -> float:
    mean = best.valid.metrics[metric].mean
    assert mean is not None  # noqa: S101 - a confirmed configuration has a completed training
    return mean


def _contrast(one: _Entrant, first: _Entrant) -> CampaignContrast:
    """Test one campaign against another."""
    x, y = one.units(), first.units()
    shared = [unit for unit in y if unit in x]
    overlap = max(one.overlap, first.overlap)
    if len(shared) < ENOUGH:
        shared = []
        test = welch(list(x.values()), list(y.values()), overlap=overlap)
    else:
        test = paired([x[unit] for unit in shared], [y[unit] for unit in shared], overlap=overlap)
    return CampaignContrast(campaign=one.name, first=first.name, pairs=len(shared), seeds=len(shared), **asdict(test))


def _check_data(entrants: Sequence[_Entrant]) -> None:
    """Raise ``CampaignError`` where one campaign's data has other bytes than another's with the same options."""
    known: dict[str, tuple[str, str]] = {}
    for one in entrants:
        for trial in one.trials:
            sha256, name = known.setdefault(trial.config.data.model_dump_json(), (trial.config.data_sha256, one.name))
            if sha256 != trial.config.data_sha256:
                raise CampaignError(
                    f"campaigns {name!r} and {one.name!r} cannot be compared: their data sets have one name "
                    f"({trial.config.data.dataset!r}) and other contents (sha256 {sha256[:12]} and "
                    f"{trial.config.data_sha256[:12]})"
                )


def _check(entrants: Sequence[_Entrant]) -> None:
    names = [one.name for one in entrants]
    if twice := [name for name in names if names.count(name) > 1]:
        raise CampaignError(f"campaign {twice[0]!r} is named twice. Name each campaign once")
    first, *others = entrants
    for other in others:
        both = f"campaigns {first.name!r} and {other.name!r} cannot be compared"
        for what, value in first.asked.items():
            if value != other.asked[what]:
                raise CampaignError(f"{both}: their {what} differ: {value} and {other.asked[what]}")
        if first.summary.units != other.summary.units:
            raise CampaignError(
                f"{both}: the confirmation of the one is over {first.summary.units}, that of the other over "
                f"{other.summary.units}. Confirm both with the same --seeds and --splits"
            )
