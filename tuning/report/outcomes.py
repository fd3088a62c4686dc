"""Figures of what trials did: their learning curves, and the workers' timeline."""

import plotly.graph_objects as go

from tuning.journal.record import CampaignRecord
from tuning.journal.text import trial_name
from tuning.report.drawing import BLUE, COLOURS, GREEN, GREY, HEIGHT, LINE, ORANGE, PURPLE, RED, Figure, styled
from tuning.report.study import thinned
from tuning.report.timeline import Timeline

HIGHLIGHTED = 5
"""Learning curves in colour."""

MOST_CURVES = 400
"""Learning curves drawn in grey, and in the CSV file."""

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
    """Return the objective by epoch of the trials, the best five in colour; None before the first epoch."""
    metric = record.config.objective.metric
    best = record.ranked()[:HIGHLIGHTED]
    chosen = {trial.index for trial in best}
    others = [t for _, t in sorted(record.trials.items()) if t.epochs and t.index not in chosen and not t.reused]
    drawn = thinned(others, MOST_CURVES)
    if not best and not drawn:
        return None
    x: list[int | None] = []
    y: list[float | None] = []
    names: list[str | None] = []
    for trial in drawn:
        x += [*(report.epoch for report in trial.epochs), None]
        y += [*(report.metrics.get(metric) for report in trial.epochs), None]
        names += [trial.name] * (len(trial.epochs) + 1)
    longest = max(len(trial.epochs) for trial in [*best, *drawn])
    shortest = min(len(trial.epochs) for trial in [*best, *drawn])
    mode = "lines" if shortest > 1 else "lines+markers" if longest > 1 else "markers"
    traces = []
    if drawn:
        traces.append(
            go.Scatter(
                x=x,
                y=y,
                mode=mode,
                name="other trials",
                text=names,
                opacity=0.35,
                line={"color": GREY, "width": 1},
                marker={"size": 4},
                hovertemplate="%{text}, epoch %{x}: %{y:.4~g}<extra></extra>",
            )
        )
    for rank, (trial, colour) in enumerate(zip(best, COLOURS, strict=False), start=1):
        traces.append(
            go.Scatter(
                x=[report.epoch for report in trial.epochs],
                y=[report.metrics.get(metric) for report in trial.epochs],
                mode="lines" if longest > LINE else "lines+markers" if longest > 1 else mode,
                name=f"{rank}. {trial.name}",
                line={"color": colour, "width": 2},
                marker={"size": 4 if longest > 1 else 8},
                hovertemplate="epoch %{x}: %{y:.4~g}<extra>" + trial.name + "</extra>",
            )
        )
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
        for t in sorted([*best, *drawn], key=lambda t: t.index)
        for r in t.epochs
    ]
    some = f" {len(drawn)} of {len(others)} other trials are drawn." if len(drawn) < len(others) else ""
    return Figure(
        name="curves",
        title="Learning curves",
        caption="Score on the validation part after each epoch, the best trials in colour; curves that end early were "
        f"stopped or no longer improved, and curves that still rise at the end may need more epochs.{some}",
        plot=plot,
        rows=rows,
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
