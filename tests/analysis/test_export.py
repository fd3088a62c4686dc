"""Exports: three formats, the same entries, and mistakes named by file and key."""

import csv
import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journals import Run, data_record, journal, table
from journals import record as folded

from tuning.analysis.export import Export, ExportedConfiguration, ExportedTrial, export
from tuning.analysis.export_file import COMPLETE, entry, read, write
from tuning.analysis.statistics import estimate
from tuning.campaign.errors import CampaignError, RecordError, StoreError
from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord


@pytest.fixture
def record(tmp_path: Path) -> CampaignRecord:
    home = Home(tmp_path / "home")
    journal(home, scores=(0.5, 0.8, None, 0.65))
    return home.record("tiny")


@pytest.fixture(params=COMPLETE)
def file(request: pytest.FixtureRequest, record: CampaignRecord, tmp_path: Path) -> Path:
    path = tmp_path / f"top{request.param}"
    write(export(record, 10), path)
    return path


def test_an_export_ranks_the_completed_trials_best_first(record: CampaignRecord) -> None:
    assert [(one.rank, one.config.index) for one in export(record, 10).entries] == [(1, 1), (2, 3), (3, 0)]


def test_an_export_holds_no_more_than_asked_for(record: CampaignRecord) -> None:
    assert [one.rank for one in export(record, 2).entries] == [1, 2]


def test_every_format_reads_back_the_same_entries(record: CampaignRecord, file: Path) -> None:
    assert read(file) == export(record, 10).entries


def test_an_entry_is_the_recorded_trial_itself(record: CampaignRecord, file: Path) -> None:
    there = entry(file, 2).model_dump(exclude={"rank"})
    assert there == record.recorded(record.trials[3]).model_dump()


@pytest.mark.parametrize("suffix", COMPLETE)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_floats_survive_every_format_to_the_last_bit(
    suffix: str, number: float, record: CampaignRecord, tmp_path: Path
) -> None:
    exported = export(record, 1)
    one = exported.entries[0]
    result = one.result.model_copy(update={"best_metrics": {"loss": number, "recall_macro": 0.8}})
    changed = exported.model_copy(update={"entries": (one.model_copy(update={"result": result}),)})
    write(changed, tmp_path / f"one{suffix}")
    assert read(tmp_path / f"one{suffix}")[0].result.best_metrics["loss"].hex() == number.hex()


def test_the_header_tells_how_the_entries_were_chosen(record: CampaignRecord, tmp_path: Path) -> None:
    write(export(record, 1), tmp_path / "top.json")
    document = json.loads((tmp_path / "top.json").read_text())
    assert document["selection"] == {
        "metric": "recall_macro",
        "goal": "max",
        "split": "valid",
        "epoch": "best",
        "ended": 4,
        "target": 4,
        "finished": True,
    }
    assert document["data_sha256"] == {variant: data_record(variant).sha256 for variant in ("raw", "oversample")}
    assert Export.model_validate(document).campaign == record.config


@pytest.fixture
def replicated() -> CampaignRecord:
    """A configuration with a lucky seed, one whose first replicate failed, and the best one."""
    runs = table({"lucky": [0.1, 0.98], "failing": [0.9, 0.99], "steady": [0.6, 0.7]})
    runs[2] = replace(runs[2], status="failed", reason="out of memory")
    return folded(runs, search__replicates=2)


def test_with_replicates_an_entry_is_the_first_completed_trial_of_a_configuration(replicated: CampaignRecord) -> None:
    entries = export(replicated, 10).entries
    assert [(one.rank, one.config.index, one.result.objective) for one in entries] == [
        (1, 4, 0.6),
        (2, 0, 0.1),
        (3, 3, 0.99),
    ]
    assert [one.rank for one in export(replicated, 2).entries] == [1, 2]


def test_with_replicates_an_entry_has_the_figures_of_its_configuration(replicated: CampaignRecord) -> None:
    first, _, last = export(replicated, 10).entries
    known = estimate([0.6, 0.7], "recall_macro")
    assert known.mean is not None
    assert first.configuration == ExportedConfiguration(
        trials=(4, 5), completed=2, replicates=2, mean=known.mean, low=known.low, high=known.high
    )
    assert last.configuration == ExportedConfiguration(trials=(2, 3), completed=1, replicates=2, mean=0.99)


@pytest.mark.parametrize("suffix", COMPLETE)
def test_every_format_reads_back_the_configurations(replicated: CampaignRecord, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"top{suffix}"
    write(export(replicated, 10), path)
    assert read(path) == export(replicated, 10).entries


def test_a_table_has_columns_of_the_configurations(replicated: CampaignRecord, tmp_path: Path) -> None:
    path = tmp_path / "top.csv"
    write(export(replicated, 3), path)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [(row["configuration_trials"], row["configuration_completed"], row["trial"]) for row in rows] == [
        ("t004-t005", "2", "4"),
        ("t000-t001", "2", "0"),
        ("t002-t003", "1", "3"),
    ]
    assert float(rows[1]["configuration_mean"]) == pytest.approx(0.54)
    assert rows[2]["configuration_low"] == ""


def test_without_replicates_nothing_in_an_export_speaks_of_configurations(file: Path) -> None:
    assert "configuration" not in file.read_text()


def test_a_campaign_without_completed_trials_exports_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    journal(home, scores=(None, None))
    with pytest.raises(RecordError, match="no trial has completed"):
        export(home.record("tiny"), 10)


def test_an_export_over_an_older_one_replaces_it_whole(record: CampaignRecord, file: Path) -> None:
    write(export(record, 1), file)
    assert len(read(file)) == 1
    assert [path.name for path in file.parent.iterdir() if path.is_file()] == [file.name]


def test_a_failed_write_leaves_the_older_export_and_nothing_else(
    record: CampaignRecord, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match=r"cannot be written: No space left on device\. Choose another --out"):
        write(export(record, 1), file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if path.is_file()] == [file.name]


def test_a_folder_that_is_not_there_is_named(record: CampaignRecord, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere/top\.json: cannot be written: No such file or directory"):
        write(export(record, 1), tmp_path / "nowhere" / "top.json")


def test_an_unknown_suffix_names_the_known_ones(record: CampaignRecord, tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match=r"top\.yaml: unknown suffix\. Allowed: \.json, \.toml, \.csv"):
        write(export(record, 1), tmp_path / "top.yaml")
    assert not (tmp_path / "top.yaml").exists()


def test_a_rank_that_is_not_there_names_those_that_are(file: Path) -> None:
    with pytest.raises(RecordError, match=r"no rank 4; it holds the ranks 1 to 3"):
        entry(file, 4)


def test_a_missing_export_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(
        RecordError, match=r"top\.json: no such export\. `seqtune export NAME --out top\.json` writes one"
    ):
        read(tmp_path / "top.json")


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_a_truncated_export_is_damaged(record: CampaignRecord, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"top{suffix}"
    write(export(record, 3), path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(RecordError, match=r"damaged|is missing"):
        read(path)


def test_a_table_is_not_read_back_and_says_what_is(record: CampaignRecord, tmp_path: Path) -> None:
    write(export(record, 3), tmp_path / "top.csv")
    with pytest.raises(RecordError, match=r"top\.csv: a \.csv export is a table to read\. Export as \.json or \.toml"):
        read(tmp_path / "top.csv")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("top.json", '{"rows": []}'),
        ("top.json", "[1, 2]"),
        ("top.toml", "name = 'demo'"),
    ],
)
def test_a_file_of_another_kind_is_no_export(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(RecordError, match="not an export of seqtune"):
        read(tmp_path / name)


def test_an_export_of_a_newer_version_asks_for_the_newer_package(record: CampaignRecord, tmp_path: Path) -> None:
    path = tmp_path / "top.json"
    write(export(record, 1), path)
    path.write_text(path.read_text().replace('"seqtune_export": 2', '"seqtune_export": 3'))
    with pytest.raises(RecordError, match=r"export of version 3; this seqtune reads up to 2\. Install a newer"):
        read(path)


def test_a_changed_entry_is_named_by_its_key(record: CampaignRecord, tmp_path: Path) -> None:
    path = tmp_path / "top.toml"
    write(export(record, 2), path)
    path.write_text(path.read_text().replace("batch_size = 32", 'batch_size = "32"'))
    with pytest.raises(RecordError, match=r'entries\[\d\]\.config\.train\.batch_size = "32": must be a whole number'):
        read(path)


def test_a_table_has_columns_for_people(record: CampaignRecord, tmp_path: Path) -> None:
    path = tmp_path / "top.csv"
    write(export(record, 1), path)
    head, row = path.read_text().splitlines()
    columns = dict(zip(head.split(","), row.split(","), strict=False))
    assert (columns["rank"], columns["trial"], columns["seed"]) == ("1", "1", "1001")
    assert (columns["metric"], columns["objective"]) == ("recall_macro", "0.8")
    assert "trial_json" not in columns
    assert (columns["best_recall_macro"], columns["batch_size"], columns["balance"]) == ("0.8", "32", "oversample")


def test_searched_values_do_not_replace_columns_of_their_name(tmp_path: Path) -> None:
    settings = {
        "train.epochs": 9,
        "data.split": "grouped",
        "model.rank": 4,
        "model.hidden": 32,
    }
    write(export(folded([Run(settings=settings, seed=7, score=0.5)]), 1), path := tmp_path / "top.csv")
    (row,) = csv.DictReader(path.read_text().splitlines())
    assert (row["epochs"], row["split"], row["rank"], row["seed"]) == ("2", "valid", "1", "7")
    assert (row["train.epochs"], row["data.split"], row["model.rank"], row["hidden"]) == ("9", "grouped", "4", "32")


def test_toml_leaves_out_what_is_none_and_nothing_else(record: CampaignRecord, tmp_path: Path) -> None:
    path = tmp_path / "top.toml"
    exported = export(record, 1)
    write(exported, path)
    assert tomllib.loads(path.read_text()) == exported.model_dump(mode="json", exclude_none=True)


def test_an_exported_trial_has_the_recorded_trials_fields_and_a_rank() -> None:
    assert list(ExportedTrial.model_fields) == [
        "config",
        "assignment",
        "epochs",
        "result",
        "environment",
        "data",
        "rank",
        "configuration",
    ]
