"""What a record says of its trials is kept up to date with each event."""

from factories import campaign
from hypothesis import given
from hypothesis import strategies as st
from journals import ENVIRONMENT, failure, folded, result, trial_events

from tuning.journal.events import Ended, Event, Opened, Suggested

ENDS = st.sampled_from([0.1, 0.2, 0.3]).flatmap(
    lambda score: st.sampled_from([result(score), result(score, status="stopped"), failure("loss is nan")])
)


@given(
    ends=st.lists(st.tuples(ENDS, st.booleans(), st.booleans()), max_size=12),
    metric=st.sampled_from(["recall_macro", "loss"]),
    order=st.randoms(use_true_random=False),
)
def test_trials_are_ranked_whatever_order_they_end_in(ends, metric, order):
    """ends: (result, whether it is reused, whether the trial has ended)."""
    config = campaign(name="tiny", objective__metric=metric)
    events: list[Event] = [Opened(config=config, dimensions={}, data={})]
    for index, (_, reused, _) in enumerate(ends):
        suggested = trial_events("tiny", index, 0.5)[0]
        assert isinstance(suggested, Suggested)
        events.append(suggested.model_copy(update={"reused": reused}))
    ended = [index for index, (_, _, over) in enumerate(ends) if over]
    order.shuffle(ended)
    record = folded([*events, *(Ended(trial=k, result=ends[k][0], environment=ENVIRONMENT) for k in ended)])
    ranked = [k for k in sorted(ended) if ends[k][0].status == "completed" and not ends[k][1]]
    ranked.sort(key=lambda k: config.objective.cost(ends[k][0].objective))
    assert [trial.index for trial in record.ranked()] == ranked
    assert [trial.index for trial in record.ranked(2)] == ranked[:2]
    assert record.ended_count == len(record.ended) == len(ended)
    assert record.unfinished == set(range(len(ends))) - set(ended)
