"""``seqtune predict``: trained models applied to new rows."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuning.cli.options import (
    VAR,
    CodeOption,
    DatasetsOption,
    HomeOption,
    JsonOption,
    SequenceOption,
    TextOption,
    json_only,
    open_home,
)
from tuning.cli.trained import (
    CalibrateOption,
    RankOption,
    TimeOption,
    TopOption,
    TrainedArgument,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tuning.prediction.calibration import Calibration
    from tuning.prediction.kept import KeptTrial
    from tuning.prediction.predictions import Predictions

InputArgument = Annotated[
    Path, typer.Argument(metavar="INPUT", help="File of rows: .csv, .parquet, .npz or .ts.", show_default=False)
]


def predict(
    *,
    target: TrainedArgument,
    rows: InputArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write: .csv or .parquet.")],
    rank: RankOption = None,
    top: TopOption = None,
    calibrate: CalibrateOption = False,
    text: TextOption = None,
    sequence: SequenceOption = None,
    time: TimeOption = None,
    code: CodeOption = None,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Predict the rows of a file with trained models.

    Rows are prepared as the training rows were; a label column is not needed and not read.  Writes the predicted class
    and the probability of each class, or forecasts.  Example: seqtune predict demo beats.csv --out predicted.csv
    """
    from tuning.cli import tables

    with json_only(as_json=as_json), tables.spinner(tables.console(error=True), "loading the model") as show:
        from tuning.cli.trained import calibrated, trained
        from tuning.prediction.predictions import predict as predicted_rows
        from tuning.prediction.table import check_out, write

        check_out(out, rows)
        place = open_home(home)
        models = trained(place, target, rank=rank, top=top, code=code or [], datasets=datasets, progress=show)
        fitted = calibrated(place, models, datasets=datasets, progress=show) if calibrate else None
        show(f"{rows}: predicting")
        predictions = predicted_rows(
            models,
            rows,
            given_columns(text=text, sequence=sequence, time=time),
            temperature=1.0 if fitted is None else fitted.temperature,
        )
        write(predictions, out)
    summary = _summary(predictions, models, fitted, out)
    tables.emit(summary, as_json=as_json, show=lambda: _print(summary, models, fitted, tables.console()))


def given_columns(**columns: str | None) -> dict[str, str]:
    """Return the columns that the command line names."""
    return {key: column for key, column in columns.items() if column is not None}


def used(models: "Sequence[KeptTrial]") -> list[dict[str, Any]]:
    """Return which trials predict, for JSON."""
    return [
        {
            "campaign": one.recorded.config.campaign,
            "trial": one.recorded.config.index,
            "objective": one.recorded.result.objective,
        }
        for one in models
    ]


def print_models(models: "Sequence[KeptTrial]", calibration: "Calibration | None", target: "Console") -> None:
    """Print which trials predict, and how well their probabilities are calibrated."""
    from tuning.cli import tables
    from tuning.journal.text import trial_name

    names = ", ".join(trial_name(one.recorded.config.index) for one in models)
    average = f"mean of {len(models)} trials" if len(models) > 1 else "trial"
    tables.line(target, f"{average}: {names} of {models[0].recorded.config.campaign}")
    if calibration is not None:
        errors = calibration.calibration_error_before, calibration.calibration_error_after
        losses = calibration.log_loss_before, calibration.log_loss_after
        if calibration.unchanged:
            tables.line(target, f"not calibrated: {calibration.unchanged} (validation part)")
            return
        tables.line(
            target,
            f"temperature {calibration.temperature:.3f}, fitted on {calibration.rows:,} validation rows: calibration "
            f"error {errors[0]:.4f} before, {errors[1]:.4f} after; "
            f"log loss {losses[0]:.4f} before, {losses[1]:.4f} after",
        )


def _summary(
    predictions: "Predictions", models: "Sequence[KeptTrial]", calibration: "Calibration | None", out: Path
) -> dict[str, Any]:
    names, values = predictions.class_names, predictions.values
    return {
        "out": str(out),
        "rows": len(values),
        "models": used(models),
        "predicted": {name: int((values == k).sum()) for k, name in enumerate(names)},
        "forecasts": None if names else {"lowest": float(values.min()), "highest": float(values.max())},
        "calibration": None if calibration is None else asdict(calibration),
        "notes": list(predictions.notes),
    }


def _print(
    summary: dict[str, Any], models: "Sequence[KeptTrial]", calibration: "Calibration | None", target: "Console"
) -> None:
    from tuning.cli import tables

    print_models(models, calibration, target)
    for note in summary["notes"]:
        tables.line(target, f"note: {note}", "yellow")
    what = "forecasts" if summary["forecasts"] else "predictions"
    counted = ", ".join(f"{name} {count:,}" for name, count in summary["predicted"].items() if count)
    tables.line(target, f"{summary['out']}: {summary['rows']:,} {what}{f' ({counted})' if counted else ''}")
