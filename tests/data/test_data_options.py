"""Data configurations load from older records, and options that are not for a data set are refused."""

import json

import pytest
from data_factories import config

from data.catalogue import resolve
from data.config import DataConfig, DataOptions
from data.errors import DataError


def test_a_recorded_configuration_without_column_lists_loads():
    recorded = json.loads(config("mine.csv").model_dump_json())
    del recorded["ignore"], recorded["columns"]
    assert DataConfig.model_validate_json(json.dumps(recorded)) == config("mine.csv")


def test_column_lists_survive_json_and_strict_validation():
    chosen = config("mine.csv", ignore=["id", "day"])
    assert DataConfig.model_validate_json(chosen.model_dump_json(), strict=True) == chosen
    assert DataOptions.model_validate({"dataset": "mine.csv", "ignore": ["id"]}, strict=True).ignore == ("id",)


def test_column_lists_are_the_last_options():
    assert list(DataOptions.model_fields)[-2:] == ["ignore", "columns"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dataset": "t.csv", "ignore": ["a"], "columns": ["b"]}, r"data\.ignore and data\.columns: use one of them"),
        ({"dataset": "t.csv", "ignore": ["a", "a"]}, r'data\.ignore = \["a", "a"\]: a column occurs more than once'),
        ({"dataset": "synthetic", "ignore": ["a"]}, r"data\.ignore: synthetic has its own columns"),
        ({"dataset": "ucr/GunPoint", "columns": ["a"]}, r"data\.columns: a \.ts file has no columns"),
        ({"dataset": "x.ts", "group": "user", "split": "grouped"}, r"data\.group: a \.ts file has no columns"),
        ({"dataset": "t.npz", "ignore": ["a"]}, r"data\.ignore: an \.npz file has no columns"),
        (
            {"dataset": "t.csv", "text": "t", "columns": ["a"]},
            r"data\.columns: of a table of texts only the columns of",
        ),
    ],
)
def test_unsuitable_column_lists_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        resolve(DataOptions(**options))
