"""The page of recorded comparisons says what its records give, and every record is read by the commands."""

import gzip
import json
import runpy
from itertools import combinations
from pathlib import Path

import pytest
from comparison_journals import norm_by_cell
from journals import write
from typer.testing import CliRunner

from tuning.analysis.confirmation import confirmation_summary
from tuning.campaign import own_code
from tuning.campaign.file import load
from tuning.campaign.resume import resumed
from tuning.cli.app import app
from tuning.execution.adoption import confirmation_file
from tuning.journal.log import read
from tuning.journal.record import fold

DOCS = Path(__file__).parent.parent / "docs"
CLAIMS = runpy.run_path(str(DOCS / "claims.py"))
RECORDED = CLAIMS["journals"]()
CONFIRMED = [path for path in RECORDED if confirmation_file(path).exists()]
FIRST_WORDS = ("space.fix.tanh_output=false", "data.truncate=back", "data.unknown=token")
BY_USER = (
    *("data.splits=", "data.split=leave-one-group-out", "data.folds=8", "data.test_fraction=0.0"),
    "search.replicates=",
)
VARIANTS = {
    "cell-type-avx2": ("cell-type", ()),
    "cell-type-epyc": ("cell-type", ()),
    "bbc-rnn-first-words": ("bbc-rnn", FIRST_WORDS),
    "bbc-gru-first-words": ("bbc-gru", FIRST_WORDS),
    "heartbeat-by-beat-five": ("heartbeat-by-beat", ("data.classes=[]",)),
    "heartbeat-by-patient-five": ("heartbeat-by-patient", ("data.classes=[]",)),
    "gestures-front-by-user": ("gestures-front", BY_USER),
}
"""Record -> its campaign file and settings, where it was not launched from the file of its name alone."""

CODE = {"tweets-cells": ("binary_accuracy.py",)}
"""Record -> files of ``campaigns`` with code that it needs."""


@pytest.fixture(autouse=True)
def _without_code():
    yield
    own_code.forget()


def named(path):
    return path.name.removesuffix(".jsonl.gz")


def test_the_page_is_what_the_records_give():
    assert (DOCS / "claims.md").read_text(encoding="utf-8") == CLAIMS["page"](RECORDED)


@pytest.mark.parametrize("path", RECORDED, ids=named)
def test_records_are_adopted_and_compared_and_name_no_folder(tmp_path, path):
    assert b'"datasets":"' not in gzip.decompress(path.read_bytes())
    code = [f"--code={DOCS.parent / 'campaigns' / name}" for name in CODE.get(named(path), ())]
    assert CliRunner().invoke(app, ["adopt", str(path), *code, "--home", str(tmp_path)]).exit_code == 0
    shown = []
    if fold(read(path)).config.comparison is not None:
        shown.append(["compare", named(path)])
    if confirmation_file(path).exists():
        shown.append(["confirm", named(path), "--show"])
    assert shown
    for command in shown:
        done = CliRunner().invoke(app, [*command, "--home", str(tmp_path), "--json"])
        assert (done.exit_code, bool(json.loads(done.stdout))) == (0, True), command


@pytest.mark.parametrize("path", RECORDED, ids=named)
def test_a_recorded_campaign_is_still_that_of_its_file(path):
    opened = fold(read(path))
    base, settings = VARIANTS.get(named(path), (named(path), ()))
    (file,) = (DOCS.parent / "campaigns").rglob(f"{base}.toml")
    planned = load(file, name=named(path), settings=settings, with_code=True)
    assert resumed(planned, opened.config, trials=opened.target).trials == opened.target == len(opened.ended)


@pytest.mark.parametrize("path", sorted((DOCS / "recorded" / "unfinished").glob("*")), ids=named)
def test_an_unfinished_campaign_is_adopted_and_its_file_resumes_it(tmp_path, path):
    assert b'"datasets":"' not in gzip.decompress(path.read_bytes())
    for command in (["adopt", str(path)], ["top", named(path)], ["status", named(path)]):
        assert CliRunner().invoke(app, [*command, "--home", str(tmp_path)]).exit_code == 0, command
    (file,) = (DOCS.parent / "campaigns").rglob(f"{named(path)}.toml")
    opened = fold(read(path))
    assert resumed(load(file), opened.config, trials=opened.target).trials == opened.target > len(opened.ended) > 0


def test_no_trial_has_equal_weights_with_other_instructions_or_on_another_processor():
    records = [fold(read(DOCS / "recorded" / f"cell-type{of}.jsonl.gz")) for of in ("", "-avx2", "-epyc")]
    for one, other in combinations(records, 2):
        pairs = [(trial, other.trials[index]) for index, trial in one.trials.items()]
        assert len(pairs) == 60
        assert all((a.assignment, a.config.seed) == (b.assignment, b.config.seed) for a, b in pairs)
        assert not any(a.result.weights_sha256 == b.result.weights_sha256 for a, b in pairs)


def test_a_trial_has_the_same_weights_in_two_campaigns():
    front, kernels = (fold(read(DOCS / "recorded" / f"gestures-{name}.jsonl.gz")) for name in ("front", "kernels"))
    with_front = [
        t.result.weights_sha256 for _, t in sorted(front.trials.items()) if t.assignment["model.conv_channels"]
    ]
    assert with_front == [kernels.trials[index].result.weights_sha256 for index in range(10)]


def test_every_confirmation_is_that_of_a_record():
    assert set((DOCS / "recorded").glob("*.confirmation.*")) == {confirmation_file(path) for path in CONFIRMED}


@pytest.mark.parametrize("path", CONFIRMED, ids=named)
def test_a_confirmation_s_rows_have_the_means_of_both_parts(path):
    confirmation = confirmation_file(path)
    summary = confirmation_summary(fold(read(path)), fold(read(confirmation)))
    assert summary.ended == summary.planned
    rows = [line for line in CLAIMS["confirmed"](summary) if line.startswith("| ")][2:]
    assert len(rows) == len(summary.configurations)
    for line, one in zip(rows, summary.configurations, strict=True):
        _, _, _, valid, _, test, _, _ = (cell.strip() for cell in line.strip("|").split("|"))
        assert float(valid) == pytest.approx(one.valid.metrics[summary.metric].mean, abs=5e-4)
        assert float(test) == pytest.approx(one.test.metrics[summary.metric].mean, abs=5e-4)


@pytest.mark.parametrize("path", CONFIRMED, ids=named)
def test_a_single_confirmed_configuration_is_compared_with_none(tmp_path, path):
    assert CliRunner().invoke(app, ["adopt", str(path), "--home", str(tmp_path)]).exit_code == 0
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["confirm", named(path), "--show", "--home", str(tmp_path)])
    several = "test, 95 % interval" in shown.stdout and "bootstrap" in shown.stdout
    summary = confirmation_summary(fold(read(path)), fold(read(confirmation_file(path))))
    assert several == (len(summary.configurations) > 1)
    assert ("(Holm)" in shown.stdout) == several


def test_a_section_has_differences_and_interactions(tmp_path):
    write(tmp_path / "tiny.jsonl", norm_by_cell(), comparison={"factor": "norm", "by": "cell", "question": "Norm?"})
    text = CLAIMS["page"]([tmp_path / "tiny.jsonl"])
    assert "Norm? recall_macro on synthetic: 8 training rows, 3 seeds." in text
    assert "| rnn: no - yes | -0.207 | -0.258 to -0.155 | 0.007 | significant |" in text
    assert "| interaction, no - yes: rnn - gru | -0.210 | -0.285 to -0.135 | 0.007 | significant |" in text
