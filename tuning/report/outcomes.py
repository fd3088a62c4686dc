"""Figures of what trials did: their learning curves, and the workers' timeline."""

from collections.abc import Sequence

import plotly.graph_objects as go

from tuning.analysis.factors import chosen_factor, grouped
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import shown, trial_name
from tuning.report.drawing import BLUE, COLOURS, GREEN, GREY, HEIGHT, LINE, ORANGE, PURPLE, RED, Figure, styled
from tuning.report.labels import label
from tuning.report.study import thinned
from tuning.report.timeline import Timeline

HIGHLIGHTED = 5
"""Learning curves in colour."""

MOST_CURVES = 400
"""Learning curves drawn, and in the CSV file, besides those in colour."""

OUTCOMES = {
    "completed": BLUE,
    "stopped": PURPLE,
    "failed": RED,
    "retried": ORANGE,
    "interrupted": GREY,
    "running": GREEN,
}
UNITS = ((7200.0, 3600.0, "hours"), (180.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))
"""From how many seconds on, seconds of a unit, unit."""


def curves(record: CampaignRecord) -> Figure | None:
    """Return the objective by epoch of the trials; None before the first epoch.

    The best five in colour; of a campaign that compares a colour for each level of its factor.
    """
    trials = [trial for _, trial in sorted(record.trials.items()) if trial.epochs and not trial.reused]
    if not trials:
        return None
    drawn = thinned(trials, MOST_CURVES)
    factor = None if record.config.comparison is None else chosen_factor(record, None)
    levels = grouped(drawn, factor) if factor else {}
    if factor and len(levels) <= len(COLOURS):
        coloured = f"a colour for each level of {factor}"
        named = [(shown(level[0].assignment[factor]), level) for level in levels.values()]
        traces = [
            _curves(record, level, name=label(name), colour=colour, width=1.5)
            for (name, level), colour in zip(named, COLOURS, strict=False)
        ]
    else:
        coloured, best = "the best trials in colour", record.ranked()[:HIGHLIGHTED]
        chosen = {trial.index for trial in best}
        others = [trial for trial in drawn if trial.index not in chosen]
        drawn = sorted([*best, *others], key=lambda trial: trial.index)
        traces = [_curves(record, others, name="other trials", colour=GREY, width=1)] if others else []
        traces += [
            _curves(record, [trial], name=f"{rank}. {trial.name}", colour=colour, width=2)
            for rank, (trial, colour) in enumerate(zip(best, COLOURS, strict=False), start=1)
        ]
    metric, longest = record.config.objective.metric, max(len(trial.epochs) for trial in drawn)
    plot = styled(go.Figure(traces), height=HEIGHT + 20, x="epoch", y=f"validation {metric}")
    margin = max(0.3, 0.02 * longest)
    plot.update_xaxes(tickformat="d", dtick=1 if longest <= LINE / 2 else None, range=(1 - margin, longest + margin))
    rows = [
        {
            "trial": t.index,
            "epoch": r.epoch,
            "train_loss": r.train_loss,
            "valid_loss": r.metrics.get("loss"),
            metric: r.metrics.get(metric),
        }
        for t in drawn
        for r in t.epochs
    ]
    some = f" {len(drawn)} of {len(trials)} trials are drawn." if len(drawn) < len(trials) else ""
    return Figure(
        name="curves",
        title="Learning curves",
        caption=f"Score on the validation part after each epoch, {coloured}; curves that end early were stopped or no "
        f"longer improved, and curves that still rise at the end may need more epochs.{some}",
        plot=plot,
        rows=rows,
    )


def _curves(
    record: CampaignRecord, trials: Sequence[TrialRecord], *, name: str, colour: str, width: float
) -> go.Scatter:
    """Return the curves of some trials as one trace."""
    metric = record.config.objective.metric
    x: list[int | None] = []
    y: list[float | None] = []
    names: list[str | None] = []
    for trial in trials:
        x += [*(report.epoch for report in trial.epochs), None]
        y += [*(report.metrics.get(metric) for report in trial.epochs), None]
        names += [trial.name] * (len(trial.epochs) + 1)
    short = min(len(trial.epochs) for trial in trials) == 1
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+markers" if short or len(x) <= LINE else "lines",
        name=name,
        text=names,
        opacity=0.35 if colour == GREY else 0.8,
        line={"color": colour, "width": width},
        marker={"size": 4 if len(x) > 2 * len(trials) else 8},  # of a classical model, a point
        hovertemplate="%{text}, epoch %{x}: %{y:.4~g}<extra></extra>",
    )


def workers(times: Timeline) -> Figure | None:
    """Return when which trials ran; None where none has started."""
    if not times.spans:
        return None
    _, length, name = next(row for row in UNITS if times.seconds >= row[0])
    traces = []
    for outcome, colour in OUTCOMES.items():
        spans = [span for span in times.spans if span.outcome == outcome]
        if spans:
            traces.append(
                go.Bar(
                    name=outcome,
                    orientation="h",
                    y=[span.slot + 1 for span in spans],
                    base=[span.start / length for span in spans],
                    x=[(span.end - span.start) / length for span in spans],
                    marker={"color": colour, "line": {"width": 0.5, "color": "rgba(128,128,128,0.9)"}},
                    customdata=[[trial_name(span.trial), (span.end - span.start) / length] for span in spans],
                    hovertemplate="%{customdata[0]}: %{customdata[1]:.3~g} " + name + "<extra>" + outcome + "</extra>",
                )
            )
    slots = max(span.slot for span in times.spans) + 1
    plot = styled(go.Figure(traces), height=110 + int(1.5 * LINE) * slots, x=f"{name} since the first launch")
    plot.update_layout(barmode="overlay", bargap=0.25, showlegend=True)
    plot.update_yaxes(tickvals=list(range(1, slots + 1)), title_text="worker", range=(slots + 0.6, 0.4), zeroline=False)
    for at in times.resumed:
        plot.add_vline(x=at / length, line={"color": GREY, "dash": "dash", "width": 1})
    rows = [
        {
            "trial": s.trial,
            "attempt": s.attempt,
            "slot": s.slot + 1,
            "start_s": round(s.start, 3),
            "end_s": round(s.end, 3),
            "outcome": s.outcome,
        }
        for s in times.spans
    ]
    breaks = " Breaks between launches are left out; dashed lines mark them." if times.resumed else ""
    return Figure(
        name="timeline",
        title="Timeline of the workers",
        caption="A bar is one trial; a gap is time in which a worker had none. Workers are numbered by when they were "
        f"free, as the journal does not name them.{breaks}",
        plot=plot,
        rows=rows,
    )
