"""Which earlier results a search begins with, why others are refused, and that the journal alone carries them on."""

import json
from dataclasses import replace

import pytest
from factories import campaign
from simulated import crash, on_random, simulate, story
from typer.testing import CliRunner

from tuning.analysis.export import export
from tuning.analysis.export_file import write
from tuning.campaign.errors import CampaignError
from tuning.campaign.file import from_dict, load
from tuning.campaign.plan import plan
from tuning.cli import app as cli
from tuning.execution.warm_start import earlier_results
from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.journal.order import first_problem
from tuning.journal.text import warm_start_text


def first(**changes):
    """Trials with a batch size of 48 and an odd index fail."""
    return campaign(**({"name": "first", "search__trials": 12, "search__window": 3} | changes))


def warm(*sources, **changes):
    return campaign(**({"name": "warm", "search__warm_start": list(sources), "search__trials": 8} | changes))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Campaigns of several kinds, and an export of one; for looking only."""
    home = Home(tmp_path_factory.mktemp("home"))
    record = simulate(home, first())
    write(export(record, 100), home.path / "first.json")
    write(export(record, 3), home.path / "best.toml")
    simulate(home, first(name="accurate", objective__metric="accuracy"))
    simulate(home, first(name="longer", train__epochs=3))
    simulate(home, first(name="wider", space__fix={"hidden": 62, "blocks": 1}))
    simulate(home, first(name="smote", data__balance=["raw", "smote"]))
    simulate(home, first(name="raw", data__balance="raw"))
    simulate(home, first(name="stopping", train__epochs=4, train__early_stopping="successive-halving"))
    simulate(home, on_random(first(name="pairs", search__replicates=2)))
    crash(home, first(name="crashed"), after=1)
    (home.path / "not.json").write_text("{}")
    return home


def found(home, config):
    planned = replace(plan(config), folder=home.path)
    return earlier_results(planned, home, home.record("first").data)


def objectives(one):
    return {result.trial: result.objective for result in one.results}


def test_completed_trials_are_used_in_their_order_and_others_counted(home):
    record = home.record("first")
    (one,) = found(home, warm("first"))
    completed = {k: t.objective for k, t in sorted(record.trials.items()) if t.status == "completed"}
    assert objectives(one) == completed
    assert [result.trial for result in one.results] == sorted(completed)
    assert one.left_out == {"failed": 12 - len(completed)}
    assert warm_start_text([one]) == f"{len(completed)} of first ({12 - len(completed)} failed: left out)"


def test_stopped_trials_are_left_out(home):
    record = home.record("stopping")
    (one,) = found(home, warm("stopping", train__epochs=4))
    stopped = sum(trial.status == "stopped" for trial in record.trials.values())
    assert stopped
    assert one.left_out["stopped early"] == stopped
    assert objectives(one).keys() == {k for k, t in record.trials.items() if t.status == "completed"}


def test_an_export_gives_what_its_campaign_gives(home):
    (of_campaign,) = found(home, warm("first"))
    (of_file,) = found(home, warm("first.json"))
    assert of_file.results == of_campaign.results
    (best,) = found(home, warm("best.toml"))
    assert set(objectives(best)) == {trial.index for trial in home.record("first").ranked(3)}


def test_a_trial_in_two_sources_is_told_once(home):
    best, whole = found(home, warm("best.toml", "first"))
    assert len(best.results) == 3
    assert objectives(best).keys().isdisjoint(objectives(whole))
    assert whole.left_out["in an earlier source"] == 3


def test_replicates_are_averaged_and_incomplete_configurations_left_out(home):
    record = home.record("pairs")
    (one,) = found(home, warm("pairs"))
    for result in one.results:
        pair = [record.trials[result.trial + r] for r in (0, 1)]
        assert result.objective == pytest.approx(sum(trial.objective for trial in pair) / 2)
    assert one.left_out == {"lack replicates": 6 - len(one.results)}
    assert one.left_out["lack replicates"]
    write(export(record, 100), home.path / "pairs.json")
    (of_file,) = found(home, warm("pairs.json"))
    assert of_file.results == one.results


def test_results_outside_a_narrower_space_are_left_out(home):
    (one,) = found(home, warm("first", space__narrow={"dropout": {"low": 0.1, "high": 0.25}}))
    assert one.left_out["outside the space"]
    assert all(0.1 <= result.assignment["model.dropout"] <= 0.25 for result in one.results)


def test_results_of_data_that_both_have_are_used(home):
    (one,) = found(home, warm("smote"))
    assert {result.assignment["data.balance"] for result in one.results} == {"raw"}
    assert one.left_out["outside the space"]


@pytest.mark.parametrize(
    ("source", "changes", "reason"),
    [
        ("frist", {}, 'no such campaign in .* which has .*Did you mean "first"'),
        ("gone.json", {}, "no such export"),
        ("not.json", {}, "not an export of seqtune"),
        ("table.csv", {}, "a .csv export is a table to read"),
        ("accurate", {}, "its objective is accuracy, this campaign's is recall_macro"),
        ("longer", {}, r"trained otherwise: train\.epochs = 3 there, 2 here"),
        ("wider", {}, r"other dimensions: it searches model\.layers"),
        ("raw", {}, r"other dimensions: this campaign searches data\.balance"),
        ("crashed", {}, r"no result to use \(. not ended\)"),
        ("first", {"space__narrow": {"dropout": {"low": 0.399, "high": 0.4}}}, "no result to use .*outside the space"),
    ],
)
def test_a_source_that_does_not_fit_is_refused_with_the_reason(home, source, changes, reason):
    with pytest.raises(CampaignError, match=reason):
        found(home, warm(source, **changes))


def test_other_data_is_refused_with_what_the_seeds_have_to_do_with_it(home):
    planned = plan(warm("first", seed=12))
    data = {key: one.model_copy(update={"sha256": "f" * 64}) for key, one in home.record("first").data.items()}
    seeds = r"\(seed = 11 there, 12 here: the seed draws the split\)"
    with pytest.raises(CampaignError, match=rf"its data 'raw' has sha256 \w+, this campaign's f{{12}} {seeds}"):
        earlier_results(planned, home, data)


def test_every_source_that_does_not_fit_is_named(home):
    with pytest.raises(CampaignError) as error:
        found(home, warm("accurate", "first", "longer"))
    assert error.value.args[0] == "search.warm_start of campaign 'warm': 2 of 3 sources cannot be used:"
    assert [line.partition(":")[0] for line in error.value.args[1:3]] == ["  accurate", "  longer"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"warm_start": ["mine"]}, "is this campaign itself"),
        ({"warm_start": ["a", "b", "a"]}, '"a" is listed twice'),
        ({"warm_start": ["a.json", "./a.json"]}, "listed twice"),
        ({"warm_start": ["a"], "algorithm": "random"}, "random search learns nothing"),
        ({"warm_start": ["a"], "algorithm": "grid"}, "grid search learns nothing"),
        ({"warm_start": "a"}, r"search\.warm_start"),
        ({"warm_start": [""]}, r"search\.warm_start"),
    ],
)
def test_wrong_values_of_the_key_are_one_message(changes, reason):
    document = {"name": "mine", "seed": 1, "data": {"dataset": "synthetic"}, "space": {"name": "cnn2d"}}
    with pytest.raises(CampaignError, match=reason):
        from_dict(document | {"search": changes})


def test_a_space_of_one_configuration_has_nothing_to_learn():
    space = {"model": "cnn1d", "dimensions": {"model.layers": [2]}}
    document = {"name": "mine", "seed": 1, "data": {"dataset": "synthetic"}, "space": space}
    document["search"] = {"warm_start": ["a"]}
    with pytest.raises(CampaignError, match="one configuration only"):
        from_dict(document)


def test_a_campaign_is_the_same_on_any_workers_after_any_crash_and_without_its_source(tmp_path):
    whole, stopped = Home(tmp_path / "whole"), Home(tmp_path / "stopped")
    for home in (whole, stopped):
        write(export(simulate(home, first()), 100), home.path / "first.json")
    config = warm("first.json", search__window=4)
    undisturbed = simulate(whole, config)
    crash(stopped, config, after=5)
    (stopped.path / "first.json").unlink()
    stopped.delete("first")
    crash(stopped, config, after=3)
    assert story(simulate(stopped, config, workers=4)) == story(undisturbed)
    assert stopped.record("warm").warm_start == undisturbed.warm_start
    longer = config.model_copy(update={"search": config.search.model_copy(update={"trials": 12})})
    assert story(simulate(stopped, longer))[:8] == story(undisturbed)


def test_other_sources_are_another_campaign(tmp_path):
    home = Home(tmp_path)
    write(export(simulate(home, first()), 100), home.path / "first.json")
    simulate(home, warm("first"))
    with pytest.raises(CampaignError, match=r"search\.warm_start: \['first'\] -> \['first.json'\]"):
        simulate(home, warm("first.json"))


def test_a_journal_without_the_results_is_refused(tmp_path):
    home = Home(tmp_path)
    simulate(home, first())
    simulate(home, warm("first"))
    entries = read(home.journal("warm"))
    bare = entries[0]._replace(event=entries[0].event.model_copy(update={"warm_start": ()}))
    assert first_problem([bare], "warm") == (1, "the results of its search.warm_start are missing")


def test_commands_say_what_a_search_began_with(tmp_path):
    home = Home(tmp_path)
    simulate(home, first())
    simulate(home, warm("first"))

    def printed(*words):
        result = CliRunner().invoke(cli.app, [*words, "warm", "--home", str(tmp_path)])
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    (one,) = home.record("warm").warm_start
    count = len(one.results)
    assert f"warm start with earlier results: {count} of first" in printed("status")
    assert json.loads(printed("status", "--json"))["campaign"]["warm_start"] == {"first": count}
    assert f"warm start with {warm_start_text([one])}" in printed("status", "--events")
    assert f"the search began with earlier results: {count} of first (" in printed("top")


def test_exports_lie_beside_the_campaign_file(tmp_path):
    (tmp_path / "files").mkdir()
    file = tmp_path / "files" / "warm.toml"
    file.write_text(
        'name = "warm"\nseed = 11\n[data]\ndataset = "synthetic"\n[space]\nname = "cnn2d"\n'
        '[search]\nwarm_start = ["../first.json"]\n'
    )
    planned = load(file)
    assert planned.folder / planned.config.search.warm_start[0] == tmp_path / "files" / "../first.json"
