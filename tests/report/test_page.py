"""The page's text: what it says of a campaign, its edge cases, and that the same records give the same bytes."""

import base64
import csv
import io
import json
import re
import tomllib
from html.parser import HTMLParser

import pytest
from report_journals import CLASSES, Trial, config, entries, interrupted, sampled, trials

from tuning.campaign.config import CampaignConfig
from tuning.journal.record import fold
from tuning.report import drawing
from tuning.report.facts import campaign_toml
from tuning.report.page import page

MARKUP = "<b>bold</b> & <img src=x onerror=alert(1)> </script><script>alert(2)</script>"
BLACK, WHITE = "#0d1117", "#ffffff"


class Page(HTMLParser):
    """Text, element names, attributes, figures and CSV files of a page."""

    def __init__(self, text):
        super().__init__()
        self.words: list[str] = []
        self.elements, self.addresses, self.figures, self.inside = [], [], {}, None
        self.files, self.name, self.kind = {}, None, None
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.elements.append((tag, found))
        self.addresses += [value for key, value in attrs if key in ("src", "href")]
        self.inside = tag
        self.kind = found.get("type")
        if tag == "figure":
            self.name = found["id"]
        if "download" in found:
            head, _, body = found["href"].partition(",")
            assert head == "data:text/csv;charset=utf-8;base64"
            self.files[found["download"]] = list(csv.DictReader(io.StringIO(base64.b64decode(body).decode())))

    def handle_endtag(self, _tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "script" and self.kind == "application/json":
            self.figures[self.name] = json.loads(data)
        elif self.inside not in ("script", "style"):
            self.words.append(data)


def read(runs, campaign=None, **options):
    return Page(page(entries(runs, campaign, **options)))


@pytest.fixture(scope="module")
def whole():
    return read(trials(config()), config())


def test_every_figure_is_there_with_a_caption_and_its_values(whole):
    slices = ["batch_size", "hidden", "layers", "blocks", "dropout", "plateau_factor", "balance"]
    assert list(whole.figures) == [
        "history",
        "importances",
        "parallel",
        "contour",
        *(f"slice-{name}" for name in slices),
        "curves",
        "confusion",
        "recall",
        "levels",
        "timeline",
    ]
    assert set(whole.files) == {f"beats-{name}.csv" for name in [*whole.figures, "trials"]}
    assert all(whole.files.values())
    assert sum(tag == "figcaption" for tag, _ in whole.elements) == len(whole.figures)


def test_the_summary_says_what_was_done_what_came_out_and_what_it_does_not_mean(whole):
    assert "beats searched 7 dimensions of the space cnn2d on the data set synthetic." in whole.text
    assert "30 trials ended (25 completed, 3 stopped, 2 failed) in" in whole.text
    best = fold(entries(trials(config()), config())).ranked()[0]
    assert f"The best recall_macro is {best.objective:.4f}, of {best.name}: batch_size=" in whole.text
    assert "All scores are validation scores" in whole.text
    assert "The test part was not used." in whole.text


def test_failures_duplicates_and_cost_are_listed(whole):
    assert "failed 2 t006, t019 loss is nan in epoch 1" in whole.text
    assert "duplicate 1 t029 reuses the result of t000" in whole.text
    epochs = sum(len(trial.epochs) for trial in fold(entries(trials(config()), config())).trials.values())
    assert f"epochs trained {epochs}" in whole.text
    assert f"epochs saved by early stopping 9 ({9 / (epochs + 9):.0%} of {epochs + 9}): 9 by rungs" in whole.text


def test_figures_hold_the_records(whole):
    record = fold(entries(trials(config()), config()))
    ranked = record.ranked()
    rows = whole.files["beats-trials.csv"]
    assert [int(row["trial"]) for row in rows[: len(ranked)]] == [trial.index for trial in ranked]
    assert float(rows[0]["objective"]) == ranked[0].objective
    assert len(rows) == 30
    history = whole.files["beats-history.csv"]
    assert [int(row["trial"]) for row in history] == sorted(trial.index for trial in ranked)
    assert (
        max(float(row["recall_macro"]) for row in history) == float(history[-1]["best_so_far"]) == ranked[0].objective
    )
    assert {row["class"]: int(row["rows"]) for row in whole.files["beats-recall.csv"]} == dict.fromkeys(CLASSES, 40)
    assert sum(int(row["rows"]) for row in whole.files["beats-confusion.csv"]) == 120
    assert {row["data.balance"] for row in whole.files["beats-levels.csv"]} == {"raw", "oversample", "smote"}
    assert {row["outcome"] for row in whole.files["beats-timeline.csv"]} == {"completed", "stopped", "failed"}
    stopped = [trial.index for trial in record.ended if trial.status == "stopped"]
    partial = {
        int(row["trial"])
        for name in ("parallel", "contour", "slice-dropout")
        for row in whole.files[f"beats-{name}.csv"]
    }
    assert not partial & set(stopped)


def test_the_same_records_give_the_same_bytes():
    journal = entries(trials(config()), config())
    assert page(journal) == page(journal)


def test_the_page_needs_nothing_else(whole):
    assert all(address.startswith(("#", "data:text/csv")) for address in whole.addresses)
    policy = next(found["content"] for tag, found in whole.elements if found.get("http-equiv"))
    assert policy.startswith("default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'")


def test_the_campaign_file_of_the_page_is_the_campaign_s():
    for campaign in (config(), config(search={"trials": 6, "replicates": 3}, comparison={"factor": "data.balance"})):
        text = campaign_toml(fold(entries(trials(campaign), campaign)))
        shown = CampaignConfig.model_validate(tomllib.loads(text))
        assert shown == campaign.model_copy(update={"search": campaign.search.model_copy(update={"trials": 30})})


# Edge cases


def test_one_trial():
    only = read([Trial(settings=sampled(config(), 1)[0])])
    assert list(only.figures) == ["history", "curves", "confusion", "recall", "levels", "timeline"]
    assert "Importances need at least 10 completed trials; this campaign has 1." in only.text


def test_all_objectives_equal():
    equal = read([Trial(settings=values) for values in sampled(config(), 20)])
    assert "All objectives are equal" in equal.text
    assert {"history", "parallel", "slice-dropout", "levels"} <= set(equal.figures)
    assert "importances" not in equal.figures


def test_a_dimension_with_one_value_has_no_slice():
    runs = [
        Trial(settings={**values, "model.hidden": 64}, score=0.01 * i) for i, values in enumerate(sampled(config(), 20))
    ]
    found = read(runs)
    assert "slice-hidden" not in found.figures
    assert {row["dimension"]: float(row["fanova"]) for row in found.files["beats-importances.csv"]}["hidden"] < 1e-9


def test_nothing_searched():
    campaign = config(
        data={"dataset": "synthetic", "balance": "raw"},
        space={"name": "cnn2d", "fix": {"hidden": 64, "layers": 2, "blocks": 1, "dropout": 0.2, "batch_size": 16,
                                        "plateau_factor": 0.2}},
    )  # fmt: skip
    found = read([Trial(settings={}, score=0.1 * i) for i in range(1, 5)], campaign)
    assert "Nothing was searched" in found.text
    assert list(found.figures) == ["history", "curves", "confusion", "recall", "timeline"]


def test_failed_trials_alone():
    failed = read(
        [Trial(settings=values, status="failed", epochs=0, reason="out of memory") for values in sampled(config(), 3)]
    )
    assert list(failed.figures) == ["timeline"]
    assert "No trial has completed." in failed.text
    assert "failed 3 t000-t002 out of memory" in failed.text
    assert "validation scores" not in failed.text


def test_nothing_ended_yet():
    found = Page(page(entries([], config(), ending=interrupted())))
    assert found.figures == {}
    assert "0 of 1 trials ended (none) in" in found.text


def test_stopped_trials_alone_have_curves():
    stopped = read(
        [Trial(settings=v, status="stopped", epochs=2, reason="missed a rung") for v in sampled(config(), 4)]
    )
    assert list(stopped.figures) == ["curves", "timeline"]


def test_forty_classes():
    classes = tuple(f"a class with a long name that goes on, number {n}" for n in range(40))
    found = read(trials(config()), config(), classes=classes)
    matrix = found.figures["confusion"]
    assert len(matrix["data"][0]["z"]["bdata"] if isinstance(matrix["data"][0]["z"], dict) else matrix["data"][0]["z"])
    ticks = matrix["layout"]["xaxis"]["ticktext"]
    assert len(set(ticks)) == 40
    assert max(map(len, ticks)) < 40
    assert [row["class"] for row in found.files["beats-recall.csv"]] == list(classes)


def test_markup_in_names_and_reasons_is_text():
    classes = (MARKUP, "<a href='javascript:alert(3)'>S</a>", "V")
    runs = [
        Trial(settings={"model.cell": (MARKUP, "gru")[i % 2], "model.hidden": 60 + i}, score=0.01 * i)
        for i in range(20)
    ]
    runs.append(Trial(settings={"model.cell": MARKUP, "model.hidden": 60}, status="failed", epochs=0, reason=MARKUP))
    found = read(runs, classes=classes, dimensions={"model.cell": MARKUP, "model.hidden": "60 to 80"})
    assert MARKUP in found.text
    assert not {"b", "img"} & {tag for tag, _ in found.elements}
    assert not [tag for tag, attributes in found.elements if any(name.startswith("on") for name in attributes)]
    labels = [text for figure in found.figures.values() for text in strings(figure)]
    assert [text for text in labels if "bold" in text]
    own = re.compile(r"<br>|<extra></?|</extra>|<extra>")
    assert not [text for text in labels if "<" in own.sub("", text)]


def strings(value):
    """Every text of a figure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def test_a_series_has_no_classes():
    campaign = config(
        data={"dataset": "mackey-glass", "split": "chronological", "window": [8, 16]},
        space={"name": "laboratory"},
        objective={"metric": "mae"},
    )
    runs = [Trial(settings=values, score=0.02 * i) for i, values in enumerate(sampled(campaign, 20))]
    found = read(runs, campaign, classes=())
    assert not {"confusion", "recall", "levels"} & set(found.figures)
    assert "mae, lowest first" in found.text
    assert float(found.files["beats-history.csv"][-1]["best_so_far"]) == pytest.approx(1 - 0.38)


def test_conditional_dimensions_are_in_parallel_coordinates_and_slices_and_named_where_left_out():
    campaign = config(space={"name": "baselines"}, data={"dataset": "synthetic", "balance": ["raw", "smote"]})
    runs = [Trial(settings=values, score=0.01 * (i % 17)) for i, values in enumerate(sampled(campaign, 60))]
    found = read(runs, campaign)
    assert {"slice-trees", "slice-cell", "slice-family", "importances", "contour"} <= set(found.figures)
    assert "fANOVA leaves out what not every trial has:" in found.text
    assert "Balance against model" in found.text
    rows = found.files["beats-levels.csv"]
    assert {(row["data.balance"], row["model.family"]) for row in rows} == {
        (balance, family)
        for balance in ("raw", "smote")
        for family in ("recurrent", "majority", "linear", "random-forest", "minirocket")
    }


def test_replicates_are_ranked_by_their_mean_and_the_best_one_s_counts_are_added():
    campaign = config(search={"trials": 12, "replicates": 3})
    runs = [
        Trial(settings=values, score=score)
        for values, scores in zip(
            sampled(campaign, 4), [(0.5, 0.5, 0.5), (0.95, 0.1, 0.1), (0.7, 0.7, 0.7), (0.4, 0.4, 0.4)], strict=True
        )
        for score in scores
    ]
    found = read(runs, campaign)
    assert "The best of 4 configurations has a mean recall_macro of 0.7000, 3 trials (t006-t008):" in found.text
    assert "Best configuration" in found.text
    assert "seqtune reproduce beats --trial 6" in found.text
    assert sum(int(row["rows"]) for row in found.files["beats-confusion.csv"]) == 3 * 120


def test_an_unfinished_campaign_says_so():
    found = read(trials(config())[:8], config(), ending=interrupted())
    assert "The campaign is not finished, so ranks may change." in found.text


def test_the_table_of_trials_ends_after_a_thousand_and_its_file_does_not():
    runs = [Trial(settings={"model.hidden": 62 + i % 100}, score=0.0005 * i, epochs=1) for i in range(1_010)]
    found = read(runs, dimensions={"model.hidden": "62 to 256"})
    assert "The first 1000 of 1010 trials" in found.text
    assert len(found.files["beats-trials.csv"]) == 1_010


# Colours


@pytest.mark.parametrize("colour", [*drawing.COLOURS, drawing.GREY])
@pytest.mark.parametrize("page_colour", [BLACK, WHITE])
def test_lines_and_bars_have_a_contrast_of_three_on_light_and_dark_pages(colour, page_colour):
    low, high = sorted(map(luminance, (colour, page_colour)))
    assert (high + 0.05) / (low + 0.05) >= 3


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
