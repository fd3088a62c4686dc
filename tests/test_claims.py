"""The page of recorded comparisons says what its records give, and every record is read by the commands."""

import json
import runpy
from pathlib import Path

import pytest
from comparison_journals import norm_by_cell
from journals import write
from typer.testing import CliRunner

from tuning.campaign.file import load
from tuning.campaign.resume import resumed
from tuning.cli.app import app
from tuning.journal.log import read
from tuning.journal.record import fold

DOCS = Path(__file__).parent.parent / "docs"
CLAIMS = runpy.run_path(str(DOCS / "claims.py"))
RECORDED = sorted(path for path in (DOCS / "recorded").glob("*.jsonl") if ".confirmation." not in path.name)


def test_the_page_is_what_the_records_give():
    assert (DOCS / "claims.md").read_text(encoding="utf-8") == CLAIMS["page"](
        sorted((DOCS / "recorded").glob("*.jsonl"))
    )


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_records_are_adopted_and_compared_and_name_no_folder(tmp_path, path):
    assert b'"datasets":"' not in path.read_bytes()
    assert CliRunner().invoke(app, ["adopt", str(path), "--home", str(tmp_path)]).exit_code == 0
    compared = CliRunner().invoke(app, ["compare", path.stem, "--home", str(tmp_path), "--json"])
    assert json.loads(compared.stdout)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_campaign_is_still_that_of_its_file(path):
    opened = fold(read(path))
    planned = load(DOCS.parent / "campaigns" / "comparisons" / f"{path.stem}.toml")
    assert resumed(planned, opened.config, trials=opened.target).trials == opened.target == len(opened.ended)


def test_a_section_has_differences_and_interactions(tmp_path):
    write(tmp_path / "tiny.jsonl", norm_by_cell(), comparison={"factor": "norm", "by": "cell", "question": "Norm?"})
    text = CLAIMS["page"]([tmp_path / "tiny.jsonl"])
    assert "Norm? recall_macro on synthetic: 8 training rows, 3 seeds." in text
    assert "| rnn: no - yes | -0.207 | -0.258 to -0.155 | 0.007 | significant |" in text
    assert "| interaction, no - yes: rnn - gru | -0.210 | -0.285 to -0.135 | 0.007 | significant |" in text
