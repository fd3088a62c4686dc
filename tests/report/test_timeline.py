"""The attempts of trials on a clock that stands still between launches."""

import factories
import pytest
from journals import ENVIRONMENT, data_record, events_of, failure, result

from tuning.journal.events import (
    ConfirmationRequest,
    Ended,
    Finished,
    Interrupted,
    Launched,
    Opened,
    OpenedTest,
    Retried,
    Started,
)
from tuning.journal.lines import Entry
from tuning.report.timeline import timeline

OPENED = Opened(config=factories.campaign(), dimensions={}, data={"raw": data_record()})
LAUNCHED = Launched(environment=ENVIRONMENT, trials=4, concurrency=2)


def suggested(index):
    return next(events_of(factories.trial(index=index), {}, [], None))


def started(index, attempt=1):
    return Started(trial=index, attempt=attempt)


def ended(index, end=None):
    return Ended(trial=index, result=end or result(0.5))


def read(*rows):
    return timeline(Entry(n=n, at=1000.0 + at, event=event) for n, (at, event) in enumerate(rows))


def brief(spans):
    return [(s.trial, s.attempt, s.slot, s.start, s.end, s.outcome) for s in spans]


def test_trials_at_the_same_time_have_different_slots_and_a_free_slot_is_taken_again():
    times = read(
        (0, OPENED), (0, LAUNCHED), (1, suggested(0)), (1, started(0)), (2, suggested(1)), (2, started(1)),
        (5, ended(0)), (6, suggested(2)), (6, started(2)), (9, ended(2, failure("nan"))), (10, ended(1)),
        (10, Finished(trials=3)),
    )  # fmt: skip
    assert brief(times.spans) == [
        (0, 1, 0, 1, 5, "completed"),
        (2, 1, 0, 6, 9, "failed"),
        (1, 1, 1, 2, 10, "completed"),
    ]
    assert (times.seconds, times.resumed) == (10, [])


@pytest.mark.parametrize("said", [True, False])
def test_a_break_between_launches_takes_no_time_whether_the_end_was_recorded_or_not(said):
    ending = [(5, Interrupted(reason="interrupted by the user"))] if said else [(5, suggested(9))]
    times = read(
        (0, OPENED), (0, LAUNCHED), (1, suggested(0)), (1, started(0)), *ending,
        (5000, LAUNCHED), (5002, started(0, 2)), (5004, ended(0)),
    )  # fmt: skip
    assert brief(times.spans) == [(0, 1, 0, 1, 5, "interrupted"), (0, 2, 0, 7, 9, "completed")]
    assert (times.seconds, times.resumed) == (9, [5])


def test_a_confirmation_days_later_takes_no_time_of_the_campaign():
    request = ConfirmationRequest(trials=(0,), seeds=2, splits=0, ended=1)
    times = read(
        (0, OPENED), (0, LAUNCHED), (1, suggested(0)), (1, started(0)), (5, ended(0)), (5, Finished(trials=1)),
        (90_000, OpenedTest(confirmation=request)),
        (99_000, LAUNCHED), (99_001, suggested(1)), (99_001, started(1)), (99_004, ended(1)),
    )  # fmt: skip
    assert [(span.start, span.end) for span in times.spans] == [(1, 5), (6, 9)]
    assert (times.seconds, times.resumed) == (9, [5])


def test_a_retry_is_an_attempt_of_its_own_and_what_runs_still_is_running():
    times = read(
        (0, OPENED), (0, LAUNCHED), (1, suggested(0)), (1, started(0)), (3, Retried(trial=0, reason="worker died")),
        (4, started(0, 2)), (8, suggested(1)),
    )  # fmt: skip
    assert brief(times.spans) == [(0, 1, 0, 1, 3, "retried"), (0, 2, 0, 4, 8, "running")]


def test_a_reused_trial_has_no_bar():
    assert read((0, OPENED), (0, LAUNCHED), (1, suggested(0)), (1, ended(0))).spans == []


def test_a_clock_that_was_set_back_gives_no_negative_time():
    times = read((0, OPENED), (0, LAUNCHED), (5, suggested(0)), (5, started(0)), (3, ended(0)))
    assert brief(times.spans) == [(0, 1, 0, 5, 5, "completed")]
