"""One campaign on a table, for the tests of predictions."""

from pathlib import Path

import pyarrow.csv
import pytest
from factories import csv_table
from trained import small, train_campaign, write_rows

from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord

TRAIN = {"epochs": 12, "learning_rate": 0.01, "batch_size": 16}


@pytest.fixture(scope="module")
def beats(tmp_path_factory) -> tuple[Home, Path, CampaignRecord]:
    """A campaign on a CSV table of two classes with scaled steps."""
    folder = tmp_path_factory.mktemp("beats")
    columns = pyarrow.csv.read_csv(csv_table(folder / "table.csv", rows=150)).to_pydict()
    # One label in five is wrong, so that no model is right everywhere.
    columns["label"] = ["BA"["AB".index(name)] if row % 10 < 2 else name for row, name in enumerate(columns["label"])]
    table = write_rows(folder / "table.csv", columns)
    home = Home(folder / "home")
    return home, table, train_campaign(home, small({"dataset": str(table), "scale": "standard"}, train=TRAIN))
