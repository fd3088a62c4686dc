"""A reproduction as the command line shows it, and its run in MLflow."""

import sys
from pathlib import Path

from tuning import tables
from tuning.comparison import Comparison
from tuning.errors import StoreError
from tuning.home import Home
from tuning.lookup import Found
from tuning.reproduce import Reproduction, reproduce
from tuning.results import EpochReport
from tuning.tracking_reproduction import log_reproduction


def run(found: Found, *, home: Home, datasets: Path | None, as_json: bool) -> Reproduction:
    """Train the trial again, print the comparison, and log it; a store that is away is no more than a warning."""
    out = tables.console(error=as_json)
    comparison = Comparison(found.recorded, out)
    comparison.start()
    with out.status("opening the data") as status:  # a spinner on a terminal, nothing elsewhere

        def on_epoch(report: EpochReport) -> None:
            comparison.epoch(report)
            status.update(f"epoch {report.epoch + 1} of {len(found.recorded.epochs)}")

        outcome = reproduce(found.recorded, home=home, datasets=datasets, on_epoch=on_epoch, progress=status.update)
    comparison.end(outcome)
    if as_json:
        sys.stdout.write(f"{tables.json_lines(outcome)}\n")
    try:
        run_id = log_reproduction(
            found.recorded, outcome, uri=home.tracking_uri, artifacts=home.artifacts, run_id=found.run_id
        )
    except StoreError as error:
        tables.line(tables.console(error=True), f"not logged: {error}", "yellow")
    else:
        tables.line(out, f"MLflow run {run_id}")
    return outcome
