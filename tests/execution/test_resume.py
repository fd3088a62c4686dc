"""Resuming restores the search from the journal; where that is not exact, every suggestion is asked for again."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import hyperopt
import pytest
from factories import campaign
from journals import ENVIRONMENT, data_record, failure, report, result

from tuning.campaign.config import CampaignConfig
from tuning.campaign.errors import JournalError
from tuning.campaign.plan import plan
from tuning.campaign.variants import variants
from tuning.execution import search_trials
from tuning.execution.driver import Driver
from tuning.execution.search_trials import ASKED_AGAIN, SearchTrials
from tuning.journal.events import Ended, Event, Launched, Opened, Suggested
from tuning.journal.log import Journal, read
from tuning.journal.record import CampaignRecord, fold
from tuning.search.suggest import ordered_search
from tuning.training.environment import Environment

if TYPE_CHECKING:
    from tuning.campaign.trial import TrialConfig

TRIALS = 24
CONFIG = campaign(search__trials=TRIALS, search__window=4, search__startup_trials=6)
SMALL = campaign(
    search__trials=TRIALS,
    search__window=3,
    search__startup_trials=6,
    data__balance="raw",
    space__fix={"hidden": 62, "blocks": 1, "dropout": 0.1, "plateau_factor": 0.1},
)
REPLICATED = campaign(
    search__trials=TRIALS,
    search__window=4,
    search__startup_trials=4,
    search__replicates=2,
    search__on_duplicate="reuse",
)
OF_FAMILIES = campaign(
    search__trials=TRIALS, search__window=4, search__startup_trials=6, space__name="architectures", space__fix={}
)
CONFIGS = {"wide": CONFIG, "small": SMALL, "replicated": REPLICATED, "families": OF_FAMILIES}


def opened(
    path: Path, config: CampaignConfig, *, environment: Environment = ENVIRONMENT, shown: list[str] | None = None
) -> Driver:
    journal, planned = Journal(path), plan(config)
    if not journal.entries:
        data = {variant: data_record(variant) for variant in variants(config)}
        journal.append(Opened(config=planned.complete, dimensions={}, data=data))
    launched = Launched(environment=environment, trials=TRIALS)
    new_search = partial(ordered_search, planned.complete, planned.space)
    progress = (lambda _: None) if shown is None else shown.append
    try:
        return Driver(journal, SearchTrials(planned.space, new_search), launched=launched, progress=progress)
    except JournalError:
        journal.close()
        raise


def work(driver: Driver, *, stop_after: int | None = None) -> CampaignRecord:
    """Two workers; the launch dies after so many ends, with a trial running."""
    flying: list[TrialConfig] = []
    ended = 0
    while ended != stop_after:
        while len(flying) < 2 and (trial := driver.next_trial()) is not None:
            driver.started(trial.index)
            flying.append(trial)
        if not flying:
            break
        trial = flying.pop()
        value = trial.index * 7 % 11 / 11
        if trial.index % 6 == 4:
            driver.ended(trial.index, failure("too large"), None)
        else:
            driver.reported(trial.index, [report(1, value), report(2, value)])
            driver.ended(trial.index, result(value), ENVIRONMENT)
        ended += 1
    driver.journal.close()
    return driver.record


def story(record: CampaignRecord) -> list[tuple[object, ...]]:
    return [(t.config, t.same_as, t.reused, t.proposal, t.result) for _, t in sorted(record.trials.items())]


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids that HyperOpt's own algorithm was asked for."""
    ids: list[int] = []
    suggest = hyperopt.tpe.suggest

    def counted(new_ids, *arguments, **options):
        ids.extend(new_ids)
        return suggest(new_ids, *arguments, **options)

    monkeypatch.setattr("hyperopt.tpe.suggest", counted)
    return ids


def rewritten(path: Path, change) -> None:
    """Write the journal anew, with events that ``change`` returns for its own."""
    events: list[Event] = [change(entry.event) for entry in read(path)]
    path.unlink()
    with Journal(path) as journal:
        for event in events:
            journal.append(event)


def without_proposal(event: Event) -> Event:
    return event.model_copy(update={"proposal": None}) if isinstance(event, Suggested) else event


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("stop_after", [1, 4, 9, 17, 23])
def test_a_resumed_campaign_is_the_undisturbed_one(tmp_path: Path, evaluated: list[int], name: str, stop_after: int):
    config = CONFIGS[name]
    undisturbed = work(opened(tmp_path / "a.jsonl", config))
    before = work(opened(tmp_path / "b.jsonl", config), stop_after=stop_after)
    evaluated.clear()
    driver = opened(tmp_path / "b.jsonl", config)
    replicates = config.search.replicates
    last = [t.proposal for k, t in sorted(before.trials.items()) if k % replicates == 0][-ASKED_AGAIN:]
    assert len(evaluated) == sum(proposal.asked for proposal in last)
    assert story(work(driver)) == story(undisturbed)
    assert story(fold(read(tmp_path / "b.jsonl"))) == story(undisturbed)


def test_a_campaign_resumed_at_every_second_trial_is_the_undisturbed_one(tmp_path: Path):
    undisturbed = work(opened(tmp_path / "a.jsonl", SMALL))
    for _ in range(TRIALS // 2 + 1):
        record = work(opened(tmp_path / "b.jsonl", SMALL), stop_after=2)
    assert story(record) == story(undisturbed)
    assert max(t.proposal.asked for t in record.trials.values()) > 1


def test_a_journal_without_proposals_is_replayed_in_full(tmp_path: Path, evaluated: list[int]):
    undisturbed = work(opened(tmp_path / "a.jsonl", CONFIG))
    work(opened(tmp_path / "b.jsonl", CONFIG), stop_after=15)
    rewritten(tmp_path / "b.jsonl", without_proposal)
    evaluated.clear()
    asked = [t.proposal.asked for _, t in sorted(undisturbed.trials.items())]
    driver = opened(tmp_path / "b.jsonl", CONFIG)
    former = len(driver.record.trials)
    assert len(evaluated) == sum(asked[:former])
    assert [row[0] for row in story(work(driver))] == [row[0] for row in story(undisturbed)]
    evaluated.clear()
    opened(tmp_path / "b.jsonl", CONFIG).journal.close()
    assert len(evaluated) == sum(asked[:former]) + sum(asked[-ASKED_AGAIN:])  # those between have proposals


def test_in_another_environment_every_suggestion_is_asked_for_again(tmp_path: Path, evaluated: list[int]):
    work(opened(tmp_path / "a.jsonl", CONFIG), stop_after=15)
    evaluated.clear()
    other = ENVIRONMENT.model_copy(update={"packages": ENVIRONMENT.packages | {"numpy": "2.3.6"}})
    for environment in (other, other, ENVIRONMENT):
        driver = opened(tmp_path / "a.jsonl", CONFIG, environment=environment)
        driver.journal.close()
        assert len(evaluated) >= len(driver.record.trials)
        evaluated.clear()


def test_the_number_of_the_drivers_threads_is_no_other_environment(tmp_path: Path, evaluated: list[int]):
    work(opened(tmp_path / "a.jsonl", CONFIG), stop_after=15)
    evaluated.clear()
    driver = opened(tmp_path / "a.jsonl", CONFIG, environment=ENVIRONMENT.model_copy(update={"threads": 7}))
    driver.journal.close()
    assert len(evaluated) < len(driver.record.trials)
    assert driver.record.notes == []


def with_assignment(event: Event) -> Event:
    """Another dropout of trial 9, in its configuration too."""
    if not isinstance(event, Suggested) or event.trial.index != 9:
        return event
    model = event.trial.model.model_copy(update={"dropout": 0.2125})
    return event.model_copy(
        update={
            "trial": event.trial.model_copy(update={"model": model}),
            "assignment": event.assignment | {"model.dropout": 0.2125},
        }
    )


def with_proposal_too(event: Event) -> Event:
    changed = with_assignment(event)
    if changed is event:
        return event
    values = changed.proposal.values | {"model.dropout": 0.2125}
    return changed.model_copy(update={"proposal": changed.proposal.model_copy(update={"values": values})})


def with_result(event: Event) -> Event:
    """Another objective of trial 2, one of the random ones."""
    if isinstance(event, Ended) and event.trial == 2:
        return event.model_copy(update={"result": event.result.model_copy(update={"objective": 0.999})})
    return event


@pytest.mark.parametrize("change", [with_assignment, with_proposal_too, with_result])
def test_a_changed_journal_is_refused_as_a_full_replay_refuses_it(tmp_path: Path, change):
    messages = []
    for path in (tmp_path / "restored.jsonl", tmp_path / "replayed.jsonl"):
        work(opened(path, CONFIG), stop_after=18)
        rewritten(path, change)
        if path.stem == "replayed":
            rewritten(path, without_proposal)
        size = path.stat().st_size
        with pytest.raises(JournalError, match="no longer suggests for trial") as refused:
            opened(path, CONFIG)
        assert path.stat().st_size == size
        messages.append(str(refused.value).replace(path.stem, "journal"))
    assert messages[0] == messages[1]


def test_a_changed_proposal_alone_only_costs_the_full_replay(tmp_path: Path, evaluated: list[int]):
    undisturbed = work(opened(tmp_path / "a.jsonl", CONFIG))
    work(opened(tmp_path / "b.jsonl", CONFIG), stop_after=15)

    def change(event: Event) -> Event:
        if isinstance(event, Suggested) and event.trial.index == 9:
            return event.model_copy(update={"proposal": event.proposal.model_copy(update={"asked": 4})})
        return event

    rewritten(tmp_path / "b.jsonl", change)
    evaluated.clear()
    driver = opened(tmp_path / "b.jsonl", CONFIG)
    assert len(evaluated) >= 15
    assert [row[0] for row in story(work(driver))] == [row[0] for row in story(undisturbed)]


def test_a_long_replay_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    work(opened(tmp_path / "a.jsonl", CONFIG))
    shown: list[str] = []
    opened(tmp_path / "a.jsonl", CONFIG, shown=shown).journal.close()
    assert shown == []
    monkeypatch.setattr(search_trials, "SHOWN_EVERY_S", 0.0)
    opened(tmp_path / "a.jsonl", CONFIG, shown=shown).journal.close()
    assert shown == [f"replaying suggestion {k} of {TRIALS}" for k in range(TRIALS)]
