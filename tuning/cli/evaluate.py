"""``seqtune evaluate``: trained models on rows whose classes or targets are known."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tuning.cli.options import (
    VAR,
    CodeOption,
    DatasetsOption,
    HomeOption,
    JsonOption,
    LabelOption,
    SequenceOption,
    TextOption,
    json_only,
    open_home,
)
from tuning.cli.predict import InputArgument, given_columns, print_models, used
from tuning.cli.printing import printable
from tuning.cli.trained import (
    CalibrateOption,
    RankOption,
    TimeOption,
    TopOption,
    TrainedArgument,
)

if TYPE_CHECKING:
    from rich.console import Console

    from tuning.journal.text import Cell
    from tuning.prediction.evaluation import Evaluation

MOST_COLUMNS = 26
"""Classes beyond which the counts are not printed as a table; --json has them."""


def evaluate(
    *,
    target: TrainedArgument,
    table: InputArgument,
    rank: RankOption = None,
    top: TopOption = None,
    calibrate: CalibrateOption = False,
    label: LabelOption = None,
    text: TextOption = None,
    sequence: SequenceOption = None,
    time: TimeOption = None,
    code: CodeOption = None,
    home: HomeOption = VAR,
    datasets: DatasetsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate trained models on a labelled file.

    Prints the objective if it is a metric of your own code, accuracy, macro recall and F1, recall per class, the
    confusion matrix, log loss and calibration error; of a series the errors of its forecasts.  Says how many rows were
    trained on.  Example: seqtune evaluate demo new.csv
    """
    from tuning.cli import tables

    out = tables.console()
    with json_only(as_json=as_json), tables.spinner(tables.console(error=True), "loading the model") as show:
        from data.preparation import find_prepared
        from data.prepared import open_arrays
        from tuning.cli.trained import calibrated, trained
        from tuning.prediction.evaluation import evaluate as scores
        from tuning.prediction.predictions import predict

        place = open_home(home)
        models = trained(place, target, rank=rank, top=top, code=code or [], datasets=datasets, progress=show)
        fitted = calibrated(place, models, datasets=datasets, progress=show) if calibrate else None
        show(f"{table}: predicting")
        predictions = predict(
            models,
            table,
            given_columns(label=label, text=text, sequence=sequence, time=time),
            temperature=1.0 if fitted is None else fitted.temperature,
            labelled=True,
        )
        prepared = find_prepared(place.arrays, models[0].recorded.config.data_sha256)
        training = None if prepared is None else open_arrays(prepared[0]).train
        evaluation = scores(predictions, objective=models[0].recorded.config.objective.metric, training=training)
    summary: dict[str, Any] = {
        "table": str(table),
        "models": used(models),
        "calibration": None if fitted is None else asdict(fitted),
        "notes": list(predictions.notes),
        **asdict(evaluation),
    }

    def printed() -> None:
        print_models(models, fitted, out)
        for note in predictions.notes:
            tables.line(out, f"note: {note}", "yellow")
        _print(evaluation, str(table), out)

    tables.emit(summary, as_json=as_json, show=printed)


def _print(evaluation: "Evaluation", table: str, target: "Console") -> None:
    from tuning.cli import tables
    from tuning.journal.text import score

    tables.line(target, f"{table}: {evaluation.rows:,} rows", "bold")
    tables.line(target, _trained_on(evaluation), "yellow" if evaluation.trained_on else "")
    target.print()
    rows: list[list[Cell]] = [
        [name, "undefined" if value is None else score(value)] for name, value in evaluation.metrics.items()
    ]
    tables.table(target, [tables.Column(head="metric"), tables.Column(head="value", right=True)], rows)
    if evaluation.undefined:
        tables.line(target, evaluation.undefined, "yellow")
    if not evaluation.classes:
        return
    shown = evaluation.classes if len(evaluation.classes) <= MOST_COLUMNS else []
    heads = [
        tables.Column(head="class"),
        tables.Column(head="rows", right=True),
        tables.Column(head="recall", right=True),
        tables.Column(head="precision", right=True),
        *(tables.Column(head=f"predicted\n{printable(one.name)}", right=True, spare=1) for one in shown),
    ]
    cells: list[list[Cell]] = [
        [one.name, one.rows, score(one.recall if one.rows else None), score(one.precision), *counts[: len(shown)]]
        for one, counts in zip(evaluation.classes, evaluation.confusion, strict=True)
    ]
    target.print()
    tables.hidden_columns(target, tables.table(target, heads, cells))


def _trained_on(evaluation: "Evaluation") -> str:
    if evaluation.trained_on is None:
        return "whether rows were trained on is not known: the campaign's arrays are not in this home"
    if not evaluation.trained_on:
        return "none of the rows equals a row of the training part"
    return (
        f"{evaluation.trained_on:,} of the rows equal rows of the training part: these figures are no estimate for new "
        "rows"
    )
