"""Campaign files: every mistake gives one message with file, key, got, allowed, nearest."""

from pathlib import Path

import pytest

from search_spaces.dimensions import Bounds
from tuning.campaign.errors import CampaignError
from tuning.campaign.file import load

GOOD = """\
name = "mine"
seed = 1
[data]
dataset = "synthetic"
[space]
name = "cnn2d"
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path: Path, **options: object) -> str:
    with pytest.raises(CampaignError) as caught:
        load(path, **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "pydantic" not in message
    assert "http" not in message
    return message.replace(str(path), path.name)


def test_the_smallest_campaign_has_the_protocols_defaults(tmp_path: Path) -> None:
    config = load(written(tmp_path, GOOD)).config
    assert (config.search.trials, config.train.epochs, config.objective.metric) == (None, 30, "recall_macro")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + '[search]\ntrials = "3"\n', 'mine.toml: search.trials = "3": must be a whole number'),
        (GOOD + "[search]\ntrials = 3.0\n", "mine.toml: search.trials = 3.0: must be a whole number"),
        (GOOD + "[search]\ntrials = 0\n", "mine.toml: search.trials = 0: must be >= 1"),
        (
            GOOD + '[comparison]\nfactor = "layers"\nrespons = "loss"\n',
            (
                "mine.toml: comparison.respons: no such key. Known in [comparison]: question, factor, by, response. "
                'Did you mean "response"?'
            ),
        ),
        (GOOD + '[train]\nlearning_rate = "fast"\n', 'mine.toml: train.learning_rate = "fast": must be a number'),
        (GOOD + "[train]\nlearning_rate = 0\n", "mine.toml: train.learning_rate = 0: must be > 0.0"),
        (GOOD + "[train]\nweight_decay = inf\n", "mine.toml: train.weight_decay = inf: must be a finite number"),
        (GOOD.replace("seed = 1", "seed = true"), "mine.toml: seed = true: must be a whole number"),
        (GOOD.replace("seed = 1", "seed = 2025-02-03"), "mine.toml: seed = 2025-02-03: must be a whole number"),
        (
            GOOD + '[train]\noptimizer = "adm"\n',
            'mine.toml: train.optimizer = "adm": allowed are "adam", "adamw", "sgd", "rmsprop". Did you mean "adam"?',
        ),
        (GOOD.replace('"synthetic"', '"synthetic"\nwindow = [8, 0]'), "mine.toml: data.window[1] = 0: must be >= 1"),
        (
            GOOD.replace('"synthetic"', '"synthetic"\nwindow = true'),
            "mine.toml: data.window = true: must be a whole number",
        ),
        (
            GOOD.replace('"cnn2d"', '"cnn2"'),
            (
                'mine.toml: space.name = "cnn2": no such space. Known: cnn-gru, cnn2d, cnn1d, transformer, recurrent, '
                'news, tweets, laboratory, architectures, baselines. Did you mean "cnn2d"?'
            ),
        ),
        (
            GOOD + '[objective]\nmetric = "recal_macro"\n',
            (
                'mine.toml: objective.metric = "recal_macro": no such metric. Known: accuracy, balanced_accuracy, '
                'recall_macro, precision_macro, f1_macro, loss, mae, rmse, r2. Did you mean "recall_macro"?'
            ),
        ),
        (
            GOOD + "[search]\nwindow = 1\n",
            (
                "mine.toml: search.window = 1 is smaller than resources.concurrency = 2: the campaign would depend on "
                "which trial finishes first. Set search.window >= 2, or lower the concurrency"
            ),
        ),
        (
            GOOD + "fix = { hidden = 512 }\n",
            (
                'mine.toml: space "cnn2d": fix: model.hidden: value outside the space: got 512; allowed: 62 to 256. '
                "To try other values, replace the dimension in space.dimensions"
            ),
        ),
        (
            GOOD + "[train]\nbatch_size = 16\n",
            (
                'mine.toml: train.batch_size = 16: space "cnn2d" searches it (16, 32, 48). '
                'Fix it there with space.fix = { "train.batch_size" = 16 }, or leave it out'
            ),
        ),
        (
            GOOD + "fix = { batch_size = 32 }\n[train]\nbatch_size = 16\n",
            "mine.toml: train.batch_size = 16: space.fix already sets it to 32. Keep one",
        ),
        (
            GOOD + 'fix = { dropout = 0.3 }\n[search]\nalgorithm = "grid"\n',
            (
                'mine.toml: space "cnn2d": a grid needs dimensions whose values can be counted, but '
                "train.plateau_factor is continuous (0.1 to 0.4). Give each one value with space.fix = "
                '{ "train.plateau_factor" = 0.1 }, or a list of values in space.narrow or space.dimensions; or use '
                "another search.algorithm"
            ),
        ),
        (
            GOOD + '[comparison]\nfactor = "layer"\n',
            (
                'mine.toml: comparison.factor: space "cnn2d": layer: no such dimension. Known: train.batch_size, '
                "model.hidden, model.layers, model.blocks, model.dropout, train.plateau_factor, train.optimizer, "
                "train.scheduler, train.plateau_patience, train.early_stopping_patience, train.learning_rate, "
                "train.weight_decay, model.residual, model.squeeze_excite, model.dilation, model.pooling; search "
                'others with space.dimensions, or set them in [train] or [data]. Did you mean "model.layers"?'
            ),
        ),
        (
            GOOD + 'fix = { layers = 2 }\n[comparison]\nfactor = "layers"\n',
            (
                'mine.toml: comparison.factor: space "cnn2d": model.layers is fixed to 2. Searched: train.batch_size, '
                "model.hidden, model.blocks, model.dropout, train.plateau_factor"
            ),
        ),
        (
            GOOD + '[comparison]\nfactor = "optimizer"\n',
            (
                'mine.toml: comparison.factor: space "cnn2d": train.optimizer is optional: add it to '
                "space.include (adam, adamw). Searched: train.batch_size, model.hidden, model.layers, model.blocks, "
                "model.dropout, train.plateau_factor"
            ),
        ),
        (
            GOOD.replace('name = "mine"', 'name = "my campaign"'),
            (
                'mine.toml: name = "my campaign": letters, digits and . _ - only, a letter or digit first, '
                "at most 100 characters"
            ),
        ),
        (
            GOOD.replace("seed = 1", "seed ="),
            "mine.toml, line 2: not TOML: Invalid value\n    seed =\n          ^",
        ),
        (
            GOOD + '\tx = "open',
            'mine.toml, line 7: not TOML: Unterminated string\n     x = "open\n              ^',
        ),
    ],
)
def test_a_mistake_is_told_in_one_message(tmp_path: Path, text: str, message: str) -> None:
    assert refused(written(tmp_path, text)) == message


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        (
            GOOD + "[search]\ntrails = 3\n",
            ["mine.toml: search.trails: no such key", "[search]", 'Did you mean "trials"?'],
        ),
        ("trials = 3\n" + GOOD, ["mine.toml: trials: no such key", "top level", 'Did you mean "search.trials"?']),
        (
            GOOD + "narrow = { hidden = { low = 1, high = 100 } }\n",
            ["outside the space", "low = 1, high = 100", "62 to 256"],
        ),
        (
            GOOD + "narrow = { hidden = [1, 100] }\n",
            ["outside the space", "[1, 100]", "a list of numbers from 62 to 256"],
        ),
        (GOOD + "narrow = { hidden = { low = 100, high = 64 } }\n", ["space.narrow.hidden", "greater than high"]),
        (GOOD + "narrow = { hidden = { low = 100 } }\n", ["space.narrow.hidden.high is missing"]),
        (GOOD + "[train]\nlearning_rate = [1e-3, 1e-2]\n", ["must be a number", "space.dimensions"]),
        (GOOD + "fix = { dropot = 0.3 }\n", ["space.fix.dropot: no such field", 'Did you mean "model.dropout"?']),
        (GOOD + "fix = { Dropout = 0.3 }\n", ['Did you mean "model.dropout"?']),
        (GOOD.replace('"cnn2d"', '"CNN2D"'), ['space.name = "CNN2D"', 'Did you mean "cnn2d"?']),
        (GOOD.replace('name = "cnn2d"', 'model = "CNN1D"'), ['space.model = "CNN1D"', 'Did you mean "cnn1d"?']),
        (GOOD.replace("synthetic", "Heartbeats"), ["data.dataset", 'Did you mean "heartbeats"?']),
        (GOOD.replace("synthetic", "syntetic"), ["data.dataset", "syntetic", "no such data set", "Did you mean"]),
        (
            GOOD.replace('"synthetic"', '"synthetic"\nbalance = ["raw", "smot"]'),
            ['data.balance[1] = "smot"', '"semi-oversample"', 'Did you mean "smote"?'],
        ),
        (GOOD.replace('"synthetic"', '"synthetic"\nbalance = 3'), ["data.balance = 3: allowed are"]),
        (
            GOOD.replace('"synthetic"', '"synthetic"\nwindow = [16, 16]'),
            ["data.window = [16, 16]: a list needs at least one value, and none twice"],
        ),
        (
            GOOD + "[search]\ntrials = 4\nreplicates = 3\n",
            ["search.trials = 4 is no multiple of search.replicates = 3", "Set search.trials to 6"],
        ),
        (
            GOOD + '[search]\nalgorithm = "grid"\n',
            ["a grid needs dimensions whose values can be counted", "model.dropout is continuous (0.1 to 0.4)"],
        ),
        ("space = 3\n", ["name is missing", "seed is missing", "data is missing", "space = 3: must be a table"]),
        ("", ["mine.toml: is empty", 'dataset = "synthetic"']),
        ("# nothing but a comment\n", ["mine.toml: is empty"]),
        (b"\xff\xfen\x00", ["line 1", "0xff", "not UTF-8"]),
        (GOOD.encode() + b"# caf\xe9\n", ["line 7", "0xe9", "not UTF-8"]),
    ],
)
def test_a_mistake_names_what_matters(tmp_path: Path, text: str | bytes, fragments: list[str]) -> None:
    message = refused(written(tmp_path, text))
    for fragment in fragments:
        assert fragment in message


def test_all_wrong_values_are_told_at_once(tmp_path: Path) -> None:
    message = refused(written(tmp_path, GOOD + '[search]\ntrials = "3"\n[train]\nepochs = 0\nprecision = "float16"\n'))
    assert [line.split(" = ")[0] for line in message.splitlines()] == [
        "mine.toml: search.trials",
        "mine.toml: train.epochs",
        "mine.toml: train.precision",
    ]


def test_the_smallest_file_that_a_message_shows_is_accepted(tmp_path: Path) -> None:
    shown = refused(written(tmp_path, "")).partition("\n")[2]
    assert load(written(tmp_path, shown)).config.name == "mine"


def test_a_missing_file_names_the_campaigns_that_are_there(tmp_path: Path) -> None:
    there = written(tmp_path, GOOD)
    message = refused(tmp_path / "mime.toml")
    assert message == f'mime.toml: no such campaign file. There are: {there}. Did you mean "{there}"?'


def test_a_folder_is_not_a_campaign_file(tmp_path: Path) -> None:
    assert "is a folder; name a campaign file" in refused(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load(written(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())).config.name == "mine"


def test_an_unquoted_path_in_fix_means_the_quoted_one(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD + "fix = { model.dropout = 0.3 }\n")).config.space.fix == {"model.dropout": 0.3}


def test_options_override_the_file(tmp_path: Path) -> None:
    settings = [
        "data.balance=smote",
        "search.window = 4",
        'space.fix."model.dropout"=0.2',
        "space.narrow.layers=[2, 3]",
        "space.narrow.hidden={ low = 62, high = 64 }",
    ]
    config = load(written(tmp_path, GOOD), settings=settings, trials=7, name="other").config
    assert (config.name, config.search.trials, config.search.window) == ("other", 7, 4)
    assert config.data.options["balance"] == ("smote",)
    assert config.space.fix == {"model.dropout": 0.2}
    assert config.space.narrow == {"layers": [2, 3], "hidden": Bounds(low=62, high=64)}


def test_an_empty_setting_removes_a_key_of_the_file(tmp_path: Path) -> None:
    text = GOOD + "fix = { dropout = 0.3, layers = 2 }\n[train]\nepochs = 7\n"
    config = load(written(tmp_path, text), settings=["train.epochs=", "space.fix.dropout= "]).config
    assert config.train.epochs == load(written(tmp_path, GOOD)).config.train.epochs != 7
    assert config.space.fix == {"layers": 2}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("search.window=", "--set search.window=: search.window is not set, so it cannot be removed"),
        ("name.x=", "--set name.x=: name.x is not set, so it cannot be removed"),
        ("seed=", "--set seed=: seed is missing"),
        ("search.trials", "--set search.trials: no value. Write KEY=VALUE, for example --set search.trials=20"),
        ("search.trials=many", '--set search.trials=many: search.trials = "many": must be a whole number'),
        ("a b=3", '--set a b=3: "a b" is no key. Write it as search.trials or space.fix.dropout'),
        ("name.x=3", "--set name.x=3: name is a value, not a table of keys"),
        ("space.name=cnn2", '--set space.name=cnn2: space.name = "cnn2": no such space'),
        ("search.trails=3", "--set search.trails=3: search.trails: no such key"),
    ],
)
def test_a_wrong_setting_is_named_as_the_users_own(tmp_path: Path, setting: str, message: str) -> None:
    assert refused(written(tmp_path, GOOD), settings=[setting]).startswith(message)


def test_a_wrong_name_given_as_an_option_is_named_as_that(tmp_path: Path) -> None:
    assert refused(written(tmp_path, GOOD), name="a/b").startswith('--name: name = "a/b"')
