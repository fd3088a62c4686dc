"""What a reader of a confirmation must know beside its figures."""

from collections.abc import Iterable, Iterator, Sequence

from tuning.analysis.confirmation_units import Units, draws_test
from tuning.analysis.data_notes import data_notes
from tuning.analysis.selection import best_configurations
from tuning.journal.events import ConfirmationRequest, DataRecord
from tuning.journal.record import CampaignRecord, TrialRecord

RARE = 50
"""Rows of a class below which one row's part in the metric is worth a note."""


def notes(
    campaign: CampaignRecord,
    confirmation: CampaignRecord,
    request: ConfirmationRequest,
    sample: Units,
    trials: Iterable[TrialRecord],
) -> list[str]:
    """Return what limits the figures, and what preparation noted of the data.  trials: those of the request."""
    variants = dict.fromkeys(confirmation.variant(trial.config) for trial in trials)
    data = [confirmation.data[variant] for variant in variants]
    return [*_openings(campaign, request), *_of_test(campaign, request, data), *_of_units(sample), *data_notes(data)]


def _openings(campaign: CampaignRecord, request: ConfirmationRequest) -> Iterator[str]:
    if len(campaign.ended) > request.ended:
        more = len(campaign.ended) - request.ended
        yield f"{more} trials of the campaign ended after this confirmation was asked for."
    if len(campaign.tests) > 1:
        yield (
            f"the test part was opened {len(campaign.tests)} times; choices made after the first time make its figures "
            "optimistic."
        )


def _of_test(campaign: CampaignRecord, request: ConfirmationRequest, data: Sequence[DataRecord]) -> Iterator[str]:
    chosen = len(request.trials)
    if request.splits and draws_test(campaign) and len(best_configurations(campaign, chosen + 1)) > chosen:
        yield (
            "each fresh split draws its test part anew, also from rows on which the search has trained and validated, "
            "and by which it has chosen these configurations. The test part that it has not used is that of a "
            "confirmation without --splits."
        )
    smallest = min((min(of.test.values()) for of in data if of.classes), default=None)
    if smallest is not None and smallest < RARE:
        yield (
            f"the rarest class has {smallest} rows in the test part: one of them moves its recall by "
            f"{1 / max(smallest, 1):.3f}."
        )


def _of_units(sample: Units) -> Iterator[str]:
    if sample.by_split or sample.by_fold:
        yield "variances are corrected for the overlap of training parts (Nadeau and Bengio, 2003)."
        if sample.share_test:
            yield f"all {sample.name} share one test part: intervals of its figures say nothing about other test rows."
