"""Rows by class of all folds or splits together."""

import pytest

from tuning.analysis.data_rows import by_class, division, text, total, undivided
from tuning.journal.events import DataRecord


def rows(train, valid):
    return DataRecord(
        sha256="0" * 64, classes=("a", "b"), steps=8, channels=1, train=train, valid=valid, test={}, epoch=train
    )


@pytest.mark.parametrize(("word", "others"), [("fold", ""), ("split", " window=16"), (None, "")])
def test_folds_and_splits_of_a_variant_are_together(word, others):
    ends = [f" {word}={number}" for number in (1, 2, 10)] if word else [""]
    data = {f"{balance}{others}{end}": rows({"a": 3}, {}) for balance in ("raw", "smote") for end in ends}
    assert division(data) == word
    assert {name: len(several) for name, several in undivided(data).items()} == {
        f"raw{others}": len(ends),
        f"smote{others}": len(ends),
    }


def test_fewest_and_most_rows_of_a_class_and_of_all():
    several = [rows({"a": 1400, "b": 40}, {"a": 9}), rows({"a": 1402, "b": 38}, {"a": 8, "b": 1})]
    assert by_class(several, "train") == {"a": (1400, 1402), "b": (38, 40)}
    assert by_class(several, "valid") == {"a": (8, 9), "b": (0, 1)}
    assert by_class(several, "test") == {}
    assert [total(several, part) for part in ("train", "valid", "test")] == [(1440, 1440), (9, 9), (0, 0)]
    assert [text(pair) for pair in ((1400, 1402), (1440, 1440))] == ["1,400 to 1,402", "1,440"]
