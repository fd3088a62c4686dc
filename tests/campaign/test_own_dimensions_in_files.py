"""``[space.dimensions]`` and ``space.model`` of a campaign file, and what is refused there."""

import json
from pathlib import Path

import pytest

from search_spaces.dimensions import Choice, Real, Stepped
from tuning.campaign.config import CampaignConfig
from tuning.campaign.errors import CampaignError
from tuning.campaign.file import load
from tuning.campaign.plan import Plan, plan
from tuning.campaign.resume import resumed
from tuning.campaign.space import campaign_space
from tuning.search.suggest import ordered_search, trial_config

HEAD = """\
name = "mine"
seed = 1
[data]
dataset = "synthetic"
[space]
"""
NAMED = HEAD + 'name = "cnn2d"\n'
ALONE = HEAD + 'model = "cnn2d"\n'
ISSUE = """\
[space.dimensions]
"train.learning_rate" = { low = 1e-4, high = 1e-2, log = true }
"model.hidden" = { low = 8, high = 512, step = 8 }
"train.optimizer" = ["adam", "sgd"]
"train.scheduler" = ["plateau", "cosine"]
"train.plateau_factor" = { low = 0.1, high = 0.5, when = { "train.scheduler" = "plateau" } }
"""
DIMENSIONS = {
    "model.hidden": Stepped(8, 512, 8),
    "train.learning_rate": Real(1e-4, 1e-2, log=True),
    "train.optimizer": Choice("adam", "sgd"),
    "train.plateau_factor": Real(0.1, 0.5),
    "train.scheduler": Choice("plateau", "cosine"),
}


def loaded(folder: Path, text: str, **options: object) -> Plan:
    path = folder / "mine.toml"
    path.write_text(text)
    return load(path, **options)  # type: ignore[arg-type]


def refused(folder: Path, text: str, **options: object) -> str:
    with pytest.raises(CampaignError) as caught:
        loaded(folder, text, **options)
    return str(caught.value).replace(str(folder / "mine.toml"), "mine.toml")


def test_a_family_is_searched_in_the_files_dimensions_alone(tmp_path: Path) -> None:
    space = loaded(tmp_path, ALONE + ISSUE).space
    assert space.dimensions == DIMENSIONS
    assert (space.optional, space.constants) == ({}, {})


def test_a_space_is_extended(tmp_path: Path) -> None:
    space = loaded(tmp_path, NAMED + ISSUE).space
    assert {path: space.dimensions[path] for path in DIMENSIONS} == DIMENSIONS
    assert space.dimensions["model.layers"] == Choice(2, 3, 4)
    assert "train.optimizer" not in space.optional


def test_unquoted_paths_and_last_words_mean_the_same(tmp_path: Path) -> None:
    space = loaded(
        tmp_path, ALONE + ISSUE.replace('"train.', "train.").replace('"model.', "model.").replace('" =', " =")
    )
    words = ISSUE.replace("train.", "").replace("model.", "")
    assert space.space.dimensions == loaded(tmp_path, ALONE + words).space.dimensions == DIMENSIONS


def test_an_option_adds_a_dimension(tmp_path: Path) -> None:
    setting = "space.dimensions.train.learning_rate={ low = 1e-4, high = 1e-2, log = true }"
    space = loaded(tmp_path, NAMED, settings=[setting]).space
    assert space.dimensions["train.learning_rate"] == Real(1e-4, 1e-2, log=True)


def test_fields_that_are_not_searched_have_the_familys_default_or_are_fixed(tmp_path: Path) -> None:
    made = loaded(tmp_path, ALONE + 'fix = { "model.layers" = 2, dropout = 0 }\n' + ISSUE + "[train]\nepochs = 3\n")
    suggestion = ordered_search(made.complete, made.space).suggest()
    trial = trial_config(made.config, made.space, suggestion, data_sha256={"raw": "0" * 64})
    assert trial.space == "model cnn2d"
    assert (trial.model.family, trial.model.layers, trial.model.dropout, trial.model.blocks) == ("cnn2d", 2, 0.0, 1)
    assert (trial.train.epochs, trial.train.batch_size) == (3, 32)
    assert trial.model.hidden == suggestion.assignment["model.hidden"]


def test_a_comparison_may_have_an_own_dimension_as_factor(tmp_path: Path) -> None:
    text = ALONE + "dimensions = { hidden = [8, 16], learning_rate = [1e-3, 1e-2] }\n"
    text += '[comparison]\nfactor = "hidden"\nby = "learning_rate"\n[search]\nalgorithm = "grid"\nreplicates = 3\n'
    made = loaded(tmp_path, text)
    assert made.trials == 12
    search = ordered_search(made.complete, made.space)
    drawn = [search.suggest() for _ in range(6)]
    assert [trial.replicate for trial in drawn] == [0, 1, 2] * 2
    assert [trial.assignment for trial in drawn[::3]] == [
        {"model.hidden": 8, "train.learning_rate": rate} for rate in (1e-3, 1e-2)
    ]


def test_a_family_without_dimensions_is_one_configuration(tmp_path: Path) -> None:
    assert loaded(tmp_path, ALONE).space.size == 1


def test_an_own_dimension_may_depend_on_a_listed_balance(tmp_path: Path) -> None:
    text = NAMED.replace('"synthetic"', '"synthetic"\nbalance = ["raw", "smote"]')
    space = loaded(tmp_path, text + 'dimensions = { layers = { values = [2], when = { balance = "smote" } } }\n').space
    assert space.conditions_of("model.layers")[0].words == "data.balance is smote"
    assert "is never" in refused(
        tmp_path, text + "dimensions = { layers = { values = [2], when = { balance = 3 } } }\n"
    )


def test_a_condition_may_be_on_a_fixed_or_set_field(tmp_path: Path) -> None:
    factor = 'plateau_factor = { low = 0.1, high = 0.5, when = { scheduler = "plateau" } }'
    for text in (
        f"dimensions = {{ {factor} }}\n[train]\nscheduler = 'plateau'\n",
        f"include = ['scheduler']\ndimensions = {{ {factor} }}\n",
    ):
        assert loaded(tmp_path, NAMED + text).space.dimensions["train.plateau_factor"] == Real(0.1, 0.5)


def test_a_grid_counts_each_configuration_once(tmp_path: Path) -> None:
    text = (
        ALONE
        + 'dimensions = { scheduler = ["plateau", "none"], plateau_factor = { low = 0.1, high = 0.3, step = 0.1 } }\n'
    )
    assert loaded(tmp_path, text + '[search]\nalgorithm = "grid"\nreplicates = 2\n').trials == 2 * (3 + 1)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        (
            NAMED + "dimensions = { hiden = [33] }",
            [
                "space.dimensions.hiden: no such field of a trial",
                "model.embedding, model.hidden",
                'mean "model.hidden"?',
            ],
        ),
        (
            NAMED + "dimensions = { hidden = { low = 1e-4, high = 8 } }",
            ["space.dimensions.hidden.low: got 0.0001; allowed: whole number >= 1, <= 65536"],
        ),
        (
            NAMED + "dimensions = { hidden = 33 }",
            ["space.dimensions.hidden = 33: must be a list of values, or a table of bounds such as { low = 1,"],
        ),
        (
            NAMED + "narrow = { hidden = 66 }",
            ["space.narrow.hidden = 66: must be a list of values, or a table of bounds such as { low = 1, high = 8 }"],
        ),
        (
            NAMED + "dimensions = { hidden = { lo = 1, high = 8 } }",
            [
                "space.dimensions.hidden.lo: no such key. Known in [space.dimensions.hidden]: low, high, log, step,",
                'values, when. Did you mean "low"?',
            ],
        ),
        (
            NAMED + 'dimensions = { "model.hidden" = { low = "1", high = 8 } }',
            ['space.dimensions."model.hidden".low = "1": must be a number'],
        ),
        (
            NAMED + "dimensions = { hidden = { low = 8, high = 16, log = 1 } }",
            ["space.dimensions.hidden.log = 1: must be true or false"],
        ),
        (
            NAMED + "dimensions = { dropout = { low = 0.1, high = inf } }",
            ["space.dimensions.dropout.high = inf: must be a finite number"],
        ),
        (NAMED + "dimensions = 3", ["space.dimensions = 3: must be a table of keys and values"]),
        (
            NAMED + "fix = { precision = 'bfloat16' }",
            ["space.fix.precision: train.precision is no dimension of the space. Set precision in [train], or search"],
        ),
        (ALONE + "fix = { hidden = 0 }", ["space.fix.hidden: got 0; allowed: whole number >= 1, <= 65536"]),
        (
            NAMED + "fix = { hidden = 64 }\ndimensions = { hidden = [64, 128] }",
            ["space.fix: model.hidden is one of space.dimensions. Change its values there"],
        ),
        (
            NAMED + "narrow = { hidden = [64] }\ndimensions = { hidden = [64, 128] }",
            ["space.narrow: model.hidden is one of space.dimensions. Change its values there"],
        ),
        (
            NAMED + "include = ['optimizer']\ndimensions = { optimizer = ['sgd'] }",
            ['space "cnn2d": include: train.optimizer is searched anyway; leave it out'],
        ),
        (
            NAMED + "dimensions = { learning_rate = [0.1, 0.2] }\n[train]\nlearning_rate = 0.1",
            ['train.learning_rate = 0.1: space "cnn2d" searches it (0.1, 0.2). Remove it there, or leave it out'],
        ),
        (
            NAMED + "dimensions = { plateau_factor = { low = 0.1, high = 0.5 } }\n[train]\nscheduler = 'cosine'",
            ["train.plateau_factor is inactive: it applies only where train.scheduler is plateau, and"],
        ),
        (
            NAMED + "dimensions = { layers = { values = [2], when = { optimizer = 'adam' } } }",
            ['space.dimensions."model.layers".when: train.optimizer is neither searched, nor fixed, nor set'],
        ),
        (
            NAMED + "dimensions = { layers = { values = [2], when = { optimizer = 'sgd' } } }",
            ["model.layers is inactive: it applies only where train.optimizer is sgd, and train.optimizer is 'adam'"],
        ),
        (
            HEAD + 'model = "transformer"\ndimensions = { hidden = { low = 10, high = 20 } }',
            [
                'space "model transformer": model.hidden = 10: hidden = 10 cannot be shared out to heads = 4',
                "Restrict the dimensions so that the model accepts every combination",
            ],
        ),
        (
            HEAD + 'model = "cnn2"',
            ['space.model = "cnn2": no such model family. Known: cnn-gru, cnn2d,', 'mean "cnn2d"?'],
        ),
        (
            NAMED + 'model = "cnn2d"',
            ["space: name and model exclude each other: search a space, or a family with dimensions of your own"],
        ),
        (HEAD, ["space: needs name, a space (`seqtune spaces`), or model, a family with dimensions of your own"]),
        (
            NAMED + "[train]\nlearning_rate = [1e-3, 1e-2]",
            ["train.learning_rate = [0.001, 0.01]: must be a number, one value", "list the values in space.dimensions"],
        ),
    ],
)
def test_a_mistake_is_told_in_one_message(tmp_path: Path, text: str, fragments: list[str]) -> None:
    message = refused(tmp_path, text)
    assert message.startswith("mine.toml: ")
    assert [fragment for fragment in fragments if fragment not in message] == []
    assert "\n" not in message


# Records


def test_a_campaign_comes_back_from_its_record_with_the_same_space(tmp_path: Path) -> None:
    config = loaded(tmp_path, ALONE + ISSUE).complete
    again = CampaignConfig.model_validate_json(config.model_dump_json())
    assert again == config
    assert campaign_space(again).described() == campaign_space(config).described()
    assert list(campaign_space(again).dimensions) == list(campaign_space(config).dimensions)


def test_the_record_holds_a_dimension_as_the_file_does(tmp_path: Path) -> None:
    recorded = json.loads(loaded(tmp_path, ALONE + ISSUE).config.model_dump_json())["space"]["dimensions"]
    assert recorded["train.learning_rate"] == {"low": 1e-4, "high": 1e-2, "log": True}
    assert recorded["train.optimizer"] == ["adam", "sgd"]


def test_a_record_without_the_new_keys_is_the_same_campaign(tmp_path: Path) -> None:
    before = loaded(tmp_path, NAMED)
    document = json.loads(before.complete.model_dump_json())
    del document["space"]["dimensions"], document["space"]["model"]
    opened = CampaignConfig.model_validate_json(json.dumps(document))
    assert resumed(before, opened, trials=3) == before


def test_changed_dimensions_are_refused_with_the_difference(tmp_path: Path) -> None:
    opened = loaded(tmp_path, NAMED + ISSUE).complete
    changed = ISSUE.replace("high = 1e-2", "high = 1e-1").replace('["adam", "sgd"]', '["adam"]')
    with pytest.raises(CampaignError) as caught:
        resumed(loaded(tmp_path, NAMED + changed), opened, trials=3)
    assert str(caught.value).splitlines()[1:3] == [
        "  space.dimensions.train.learning_rate.high: 0.01 -> 0.1",
        "  space.dimensions.train.optimizer: ['adam', 'sgd'] -> ['adam']",
    ]


def test_an_added_dimension_is_refused_with_the_difference(tmp_path: Path) -> None:
    opened = loaded(tmp_path, NAMED).complete
    with pytest.raises(CampaignError) as caught:
        resumed(loaded(tmp_path, NAMED + "dimensions = { hidden = [33] }\n"), opened, trials=3)
    assert str(caught.value).splitlines()[1:2] == ["  space.dimensions.hidden: absent -> [33]"]


def test_another_order_of_dimensions_is_the_same_campaign(tmp_path: Path) -> None:
    head, *lines = ISSUE.splitlines()
    one = loaded(tmp_path, NAMED + ISSUE)
    other = loaded(tmp_path, NAMED + "\n".join([head, *reversed(lines)]))
    assert resumed(other, one.complete, trials=3) == other
    assert list(other.space.dimensions) == list(one.space.dimensions)
    assert plan(other.config).space.described() == one.space.described()
