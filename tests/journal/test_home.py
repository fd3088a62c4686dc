import pytest
from factories import campaign
from journals import folded, result, trial_events

from tuning.journal.events import Opened
from tuning.journal.home import WEIGHTS_KEPT, Home
from tuning.journal.lines import Entry
from tuning.journal.record import apply
from tuning.training.files import CHECKPOINT, WEIGHTS


@pytest.mark.parametrize("stopped", [3, WEIGHTS_KEPT + 2])
def test_weights_of_the_best_stay_and_no_checkpoint_does(tmp_path, stopped):
    home = Home(tmp_path)
    record = folded([Opened(config=campaign(name="n"), dimensions={}, data={})])
    ranked: list[int] = []
    for k in range(WEIGHTS_KEPT + 5):
        for name in (CHECKPOINT, WEIGHTS):
            path = home.trial("n", k) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        *events, end = trial_events("n", k, k / 100)  # each better than the one before
        if k == stopped:  # it ranks nowhere
            end = end.model_copy(update={"result": result(1.0, status="stopped")})
        else:
            ranked.insert(0, k)
        for n, event in enumerate([*events, end]):
            apply(record, Entry(n, float(n), event))
        home.tidy(record, k)
    kept = sorted(int(path.parent.name[1:]) for path in tmp_path.rglob(WEIGHTS))
    assert kept == sorted(ranked[:WEIGHTS_KEPT])
    assert not list(tmp_path.rglob(CHECKPOINT))
