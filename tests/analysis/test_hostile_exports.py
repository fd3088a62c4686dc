"""Exports of strangers."""

import json
import os

import pytest
from journals import journal

from tuning.analysis.export import export
from tuning.analysis.export_file import entry, write
from tuning.campaign.errors import RecordError
from tuning.journal.home import Home


@pytest.fixture
def path(tmp_path):
    home = Home(tmp_path)
    journal(home)
    file = tmp_path / "top.json"
    write(export(home.record("tiny"), 2), file)
    return file


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d.update(seqtune_export=-1), "seqtune_export = -1, which is no version"),
        (lambda d: d.update(seqtune_export=True), "seqtune_export = true, which is no version"),
        (lambda d: d["entries"][1].update(rank=1), "two entries have the same rank"),
        (lambda d: d["entries"][0]["config"].update(campaign="../../.."), "letters, digits and . _ - only"),
        (lambda d: d["entries"][0]["config"].update(index=10**18), "must be < 1000000"),
        (lambda d: d["entries"][0]["config"]["device"].update(threads=100_000), "must be <= 1024"),
        (lambda d: d["entries"][0]["config"]["model"].update(hidden=10**12), "must be <= 65536"),
        (lambda d: d["entries"][0]["config"]["model"].update(layers=10**9), "must be <= 100"),
        (lambda d: d["entries"][0]["config"]["data"].update(dataset="x" * 100_000), "at most 1000 characters"),
        (lambda d: d["entries"][0]["result"].update(seconds=float("inf")), "Infinity where a finite number"),
        (lambda d: d["data_sha256"].update({"x" * 10**6: 3}), "must be a text in quotes"),
    ],
)
def test_a_changed_export_is_refused_with_a_short_message(path, change, problem):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(RecordError) as refused:
        entry(path, 1)
    assert problem in str(refused.value)
    assert len(str(refused.value)) < 3_000


@pytest.mark.parametrize("text", ["[" * 200_000, "9" * 5_000, "{" + " " * 70_000_000 + "}"])
def test_what_cannot_be_parsed_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(RecordError, match=r"damaged|at most"):
        entry(path, 1)


def test_a_pipe_is_no_export(path):
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RecordError, match="not a regular file"):
        entry(path, 1)


def test_a_metric_that_is_no_number_is_not_written_as_json(tmp_path):
    home = Home(tmp_path)
    journal(home)
    exported = export(home.record("tiny"), 1)
    first = exported.entries[0]
    result = first.result.model_copy(update={"best_metrics": {"r2": float("nan")}})
    changed = exported.model_copy(update={"entries": (first.model_copy(update={"result": result}),)})
    with pytest.raises(RecordError, match="no finite number"):
        write(changed, tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()
