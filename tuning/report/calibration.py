"""Figures of calibration: how often the best trial is right when it is how sure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from data.errors import DataError
from tuning.analysis.confirmation import ConfirmationSummary, confirmation_summary
from tuning.analysis.selection import best_configurations
from tuning.campaign.errors import RecordError
from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.prediction.reliability import Reliability, trial_reliability
from tuning.report.drawing import BLUE, GREY, ORANGE, Figure, styled
from tuning.training.files import WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A trial's calibration.  name: of its figure.  found: or why there is none, to end a sentence."""

    name: str
    title: str
    found: Reliability | str


def calibrated(home: Home, record: CampaignRecord, confirmation: CampaignRecord | None) -> list[Calibrated]:
    """Predict with the best trial and, where there is one, the confirmed champion; nothing of a regression.

    With replicates: the trial of the best configuration whose weights are kept.
    """
    found = [("calibration", best.name, home, record, best) for best in best_configurations(record, 1)]
    if confirmation is not None and (champion := _champion(home, record, confirmation)):
        source, trial = champion
        title = f"the confirmed {record.trials[source].name}"
        found.append(("calibration-confirmed", title, home.confirmations, confirmation, trial))
    return [
        Calibrated(name=name, title=title, found=_reliability(place, of, trial))
        for name, title, place, of, trial in found
        if of.data[of.variant(trial.config)].classes
    ]


def figures(found: Sequence[Calibrated]) -> list[Figure]:
    """Return a reliability diagram of each."""
    return [_diagram(one.name, one.title, one.found) for one in found if isinstance(one.found, Reliability)]


def missing(found: Sequence[Calibrated]) -> list[str]:
    """Return a sentence for each trial whose probabilities cannot be had."""
    return [f"No calibration of {one.title}: {one.found}." for one in found if isinstance(one.found, str)]


def _champion(home: Home, record: CampaignRecord, confirmation: CampaignRecord) -> tuple[int, TrialRecord] | None:
    """Return the trial of the campaign that was confirmed first, and the training whose weights are kept."""
    try:
        summary: ConfirmationSummary = confirmation_summary(record, confirmation)
    except RecordError:
        return None
    source = summary.configurations[0].trial
    trainings = [trial for trial in confirmation.ranked() if trial.confirms and trial.confirms.trial == source]
    name = record.config.name
    kept = [trial for trial in trainings if (home.confirmations.trial(name, trial.index) / WEIGHTS).exists()]
    return next(((source, trial) for trial in [*kept, *trainings]), None)


def _reliability(home: Home, record: CampaignRecord, trial: TrialRecord) -> Reliability | str:
    try:
        return trial_reliability(home, record.recorded(trial))
    except (RecordError, DataError) as error:
        return str(error).splitlines()[0].removesuffix(".")


def _diagram(name: str, title: str, found: Reliability) -> Figure:
    of = found.calibration
    scalings = [("as trained", BLUE, found.before, of.calibration_error_before)]
    if of.temperature != 1.0:
        scalings.append((f"temperature {of.temperature:.3g}", ORANGE, found.after, of.calibration_error_after))
    plot = go.Figure(
        go.Scatter(
            x=[0, 1], y=[0, 1], mode="lines", name="perfect", line={"color": GREY, "dash": "dot"}, hoverinfo="skip"
        )
    )
    for label, colour, bins, error in scalings:
        plot.add_trace(
            go.Scatter(
                x=[one.confidence for one in bins],
                y=[one.accuracy for one in bins],
                mode="lines+markers",
                name=f"{label} (error {error:.3f})",
                line={"color": colour, "width": 1},
                marker={"color": colour, "size": [5 + 13 * math.sqrt(one.rows / of.rows) for one in bins]},
                customdata=[one.rows for one in bins],
                hovertemplate="probability %{x:.3f}, right %{y:.3f}, %{customdata} rows<extra></extra>",
            )
        )
    plot = styled(plot, x="probability of the predicted class", y="share predicted right")
    plot.update_xaxes(range=[0, 1.02])
    plot.update_yaxes(range=[0, 1.02])
    some = "" if of.rows == found.all_rows else f" of {found.all_rows:,}, at equal distances"
    change = (
        f"Not calibrated: {of.unchanged}."
        if of.unchanged
        else f"Dividing logits by {of.temperature:.3g} changes the log loss from {of.log_loss_before:.3f} to "
        f"{of.log_loss_after:.3f}; it was fitted on the same rows."
    )
    return Figure(
        name=name,
        title=f"Calibration of {title}",
        caption=f"How often a prediction is right when its probability is how high, in bins of {of.rows:,} validation "
        f"rows{some}. Large points have many rows. Below the diagonal the model is too sure. In brackets the expected "
        f"calibration error. {change}",
        plot=plot,
        rows=list(_values(found)),
    )


def _values(found: Reliability) -> Iterator[dict[str, Any]]:
    for temperature, bins in ((1.0, found.before), (found.calibration.temperature, found.after)):
        for one in bins:
            yield {
                "temperature": temperature,
                "low": one.low,
                "high": one.high,
                "rows": one.rows,
                "confidence": one.confidence,
                "accuracy": one.accuracy,
            }
        if found.calibration.temperature == 1.0:
            return
