"""The campaign files that come with the project."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from search_spaces.families import FAMILY
from tuning.campaign import file, own_code
from tuning.campaign.config import CampaignConfig, LimitOptions
from tuning.campaign.plan import Plan, plan
from tuning.campaign.space import campaign_space
from tuning.campaign.trial import TrainConfig, TrialConfig
from tuning.campaign.variants import variants
from tuning.search.proposers import Outcome
from tuning.search.suggest import ordered_search, trial_config

FILES = sorted(Path("campaigns").rglob("*.toml"))
STUDIES = sorted(Path("campaigns/comparisons").glob("*.toml"))
CLAIMS = sorted(Path("campaigns/claims").glob("*.toml"))
QUESTIONS = (
    "cell-type depth overfit-width regularisation optimizer batch-size padding-side reversal window-length "
    "against-baselines kernel-size balance-by-model residual-blocks squeeze-excite layer-norm"
)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    own_code.forget()


def load(path: Path) -> Plan:
    """Read a campaign file and run the code that it names, as a launch does."""
    return file.load(path, with_code=True)


def named(path: Path) -> str:
    return path.stem


def trials(config: CampaignConfig, most: int = 100) -> list[TrialConfig]:
    """The first trials, as if each had scored the same."""
    planned = plan(config)
    space = planned.space
    unlimited = planned.complete.model_copy(update={"limits": LimitOptions()})  # limits need the data
    search = ordered_search(unlimited, space)
    sha256 = dict.fromkeys(variants(config), "0" * 64)
    found = []
    for k in range(min(most, planned.trials)):
        found.append(trial_config(config, space, search.suggest(), data_sha256=sha256))
        search.record(k, Outcome(0.5))
    return found


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_campaign_is_named_as_its_file_and_its_first_trials_are_complete(path):
    config = load(path).config
    assert config.name == path.stem
    for k, trial in enumerate(trials(config, most=12)):
        assert (trial.index, trial.space) == (k, config.space.title)
        assert TrialConfig.model_validate_json(trial.model_dump_json()) == trial


def test_every_question_of_the_laboratory_has_its_file():
    assert {path.stem for path in STUDIES} == set(QUESTIONS.split())


@pytest.mark.parametrize("path", STUDIES, ids=named)
def test_a_study_compares_settings_of_one_factor_with_replicates_and_nothing_stops_early(path):
    config = load(path).config
    space = campaign_space(config)
    factor = space.searched(config.comparison.factor)
    assert config.comparison.question.endswith("?")
    replicates = 10
    assert config.data.splits == (None if config.data.split == "chronological" else 5)
    assert (config.search.algorithm, config.search.replicates, config.resources.threads) == ("grid", replicates, 1)
    assert config.train.early_stopping_patience >= config.train.epochs
    settings = space.dimensions[factor].values()
    found = trials(config)
    assert len(settings) > 1
    assert len(found) <= 120
    assert len({trial.seed for trial in found}) == replicates
    assert len(found) % (replicates * len(settings)) == 0


@pytest.mark.parametrize("path", CLAIMS, ids=named)
def test_a_claim_is_asked_on_five_splits_and_on_heartbeats_at_equal_steps(path):
    config = load(path).config
    assert "# Predicted by `seqtune plan`" in path.read_text(encoding="utf-8")
    if config.comparison is not None:
        assert config.data.splits == 5
        assert config.search.replicates % 5 == 0
        assert config.comparison.question.endswith("?")
        campaign_space(config).searched(config.comparison.factor)
        assert config.train.early_stopping_patience >= config.train.epochs
    if config.data.dataset == "heartbeats":
        assert config.train.epoch_rows == 0.8 * config.data.max_rows  # the rows of the raw training part


def test_the_search_of_training_options_differs_from_the_defaults_in_nothing_else():
    """Then confirmations of both have the same splits, which ``seqtune compare`` pairs."""
    defaults, searched = (
        trials(load(Path(f"campaigns/claims/training-{name}.toml")).config)[0] for name in ("defaults", "options")
    )
    assert defaults.data == searched.data
    assert defaults.model == searched.model
    assert (defaults.train.epochs, defaults.train.batch_size) == (searched.train.epochs, searched.train.batch_size)
    protocol = TrainConfig(epoch_rows=8_000, batch_size=48, precision="bfloat16", early_stopping_warmup=True)
    assert defaults.train == protocol


def test_families_of_a_study_share_what_is_not_asked_about():
    found = trials(load(Path("campaigns/comparisons/balance-by-model.toml")).config)
    assert {trial.model.family for trial in found} == {"cnn1d", "cnn2d", "transformer"}
    assert {trial.model.hidden for trial in found} == {16}
    assert {trial.train.batch_size for trial in found} == {64}


def test_baselines_are_one_configuration_of_each_family():
    config = load(Path("campaigns/comparisons/against-baselines.toml")).config
    assert list(campaign_space(config).dimensions) == [FAMILY]
    families = [trial.model.family for trial in trials(config)]
    assert families == [
        f for f in ("recurrent", "majority", "linear", "random-forest", "minirocket") for _ in range(10)
    ]


@pytest.mark.parametrize(("name", "cell", "epochs"), [("bbc-rnn", "rnn", 10), ("bbc-gru", "gru", 20)])
def test_the_news_campaigns_are_the_studys_protocol(name, cell, epochs):
    config = load(Path(f"campaigns/{name}.toml")).config
    found = trials(config)
    trial = found[0]
    assert len(found) == 10
    assert (trial.data.vocabulary, trial.data.max_length) == (5000, 100)
    assert (trial.data.valid_fraction, trial.data.test_fraction) == (0.15, 0.15)
    assert (trial.data.truncate, trial.data.unknown, trial.model.tanh_output) == ("front", "drop", True)
    assert (trial.model.cell, trial.model.embedding, trial.model.hidden, trial.model.layers) == (cell, 64, 128, 1)
    assert (trial.model.bidirectional, trial.model.dropout, trial.model.dense_layers) == (False, 0.0, 1)
    assert (trial.train.optimizer, trial.train.learning_rate, trial.train.weight_decay) == ("adam", 1e-3, 0.0)
    assert (trial.train.scheduler, trial.train.epochs) == ("none", epochs)
    assert trial.objective.metric == "accuracy"


@pytest.mark.parametrize(("name", "cell"), [("tweets-rnn", "rnn"), ("tweets-lstm", "lstm")])
def test_the_tweet_campaigns_are_the_studys_grid_of_32(name, cell):
    found = trials(load(Path(f"campaigns/{name}.toml")).config)
    combinations = {
        (t.model.layers, t.model.dense_layers, t.model.dropout > 0, t.train.weight_decay > 0, t.train.learning_rate)
        for t in found
    }
    assert len(found) == len(combinations) == 32
    assert {(t.model.cell, t.model.hidden, t.data.max_length) for t in found} == {(cell, 32, 30)}
    assert {(t.model.one_hot, t.model.dense_hidden, t.model.dense_last) for t in found} == {(True, 32, 16)}
    assert {t.model.dense_layers for t in found} == {3, 4}  # the output layer among them
