from types import SimpleNamespace

from tuning.journal.home import WEIGHTS_KEPT, Home
from tuning.training.files import CHECKPOINT, WEIGHTS


def record(ranked):
    trials = [SimpleNamespace(config=SimpleNamespace(index=k)) for k in ranked]
    return SimpleNamespace(config=SimpleNamespace(name="n"), ranked=lambda: trials)


def test_weights_of_the_best_stay_and_no_checkpoint_does(tmp_path):
    home = Home(tmp_path)
    ranked: list[int] = []
    for k in range(WEIGHTS_KEPT + 5):
        for name in (CHECKPOINT, WEIGHTS):
            path = home.trial("n", k) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        if k != 3:  # a trial that was stopped early ranks nowhere
            ranked.insert(0, k)  # each better than the one before
        home.tidy(record(ranked), k)
    kept = sorted(int(path.parent.name[1:]) for path in tmp_path.rglob(WEIGHTS))
    assert kept == sorted(ranked[:WEIGHTS_KEPT])
    assert not list(tmp_path.rglob(CHECKPOINT))
