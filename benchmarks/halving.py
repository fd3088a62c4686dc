"""Early stopping compared for equal epochs, on tables of real trials.

    python benchmarks/halving.py --seeds 20 --out halving.jsonl
    python benchmarks/halving.py --summary halving.jsonl
    python benchmarks/halving.py --correlations

Replays the recorded tables (trial_table*.csv) with two simulated workers and a window of 8, until 40 full trainings'
worth of epochs are spent.  Each rule is applied to the same ordered search, with random suggestions, HyperOpt's and
Optuna's, so that only the rule differs; and Ray's and Optuna's rules also to the searches that they come with.  The
score is the normalised regret (0: best of the table, 1: its mean) of the configuration that a user would take: the best
of those trained to the end.

``--out`` appends one line per table, search, rule and seed: trials, and regret after 10, 20 and 40 full trainings'
worth of epochs.  Lines that are there already are not computed again.  ``--summary`` prints, for each search and
budget, and each rule that all tables have, the regret, the mean rank over tables, and the paired difference from the
same search without early stopping, per table and as the mean over tables, with 95 % intervals over seeds.
``--correlations`` prints Spearman's rho between a trial's best epoch so far and its best of all, after epochs 1 to 4.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from recorded_table import TABLES, Strategy, Table, simulate
from scipy import stats
from search_regret import interval
from stopping import ASHA, Halving, Pruned, Stopper
from strategies import OptunaTPE, Ordered, OrderedOptuna, PlainHyperOpt, Under
from trial_table import Grid

BUDGETS = (10, 20, 40)
"""Epochs spent, in full trainings."""
WORKERS, WINDOW = 2, 8
NONE = "none"

PRUNERS: dict[str, Callable[[int], optuna.pruners.BasePruner]] = {
    "Optuna successive halving": lambda _: optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
    "Optuna Hyperband": lambda epochs: optuna.pruners.HyperbandPruner(1, epochs, reduction_factor=3),
    "Optuna median": lambda _: optuna.pruners.MedianPruner(),
}
Rule = Callable[[int, int], Stopper]
"""From epochs and seed."""


def ours(**options: Any) -> Rule:
    """Return our successive halving."""
    return lambda epochs, _: Halving(epochs, **options)


def pruned(make: Callable[[int], optuna.pruners.BasePruner]) -> Rule:
    """Return a pruner of Optuna's."""
    return lambda epochs, seed: Pruned(epochs, make(epochs), str(seed))


RULES: dict[str, Rule] = {
    NONE: lambda *_: Stopper(),
    "halving 2": ours(factor=2),
    "halving 3": ours(factor=3),
    "halving 4": ours(factor=4),
    "halving 2, grace 2": ours(factor=2, grace=2),
    "halving 3, grace 2": ours(factor=3, grace=2),
    "halving 3, brackets": ours(factor=3, brackets="own"),
    "halving 3, shared brackets": ours(factor=3, brackets="shared"),
    "halving 2, shared brackets": ours(factor=2, brackets="shared"),
    "ASHA 3": lambda epochs, _: ASHA(epochs),
    "ASHA 3, brackets": lambda epochs, _: ASHA(epochs, brackets=2),
} | {name: pruned(make) for name, make in PRUNERS.items()}

ENGINES: dict[str, dict[str, Any]] = {
    "random": {"kind": Ordered, "model": False},
    "hyperopt": {"kind": Ordered},
    "optuna-tpe": {"kind": OrderedOptuna},
}
TOLD = {"failed": "stopped trials as failed", "gain": "stopped trials with their expected gain"}
FEW = (NONE, "halving 2", "halving 3", "halving 4", "halving 3, shared brackets", "ASHA 3", "Optuna median")
"""Rules for searches with a model, whose suggestions take longer."""


def strategies() -> Iterator[tuple[str, str, Callable[[Grid, int], Strategy]]]:
    """Yield search, rule, and what makes them."""
    for engine, options in ENGINES.items():
        make = partial(options["kind"], window=WINDOW, model=options.get("model", True))
        for rule in RULES if engine == "random" else FEW:
            yield engine, rule, partial(_ordered, make, rule)
        for rule in ("halving 3", "halving 3, grace 2"):
            yield engine, f"{rule}, window 4", partial(_ordered, partial(make, window=4), rule)
        if engine == "optuna-tpe":
            for told, text in TOLD.items():
                yield engine, f"halving 3, {text}", partial(_ordered, partial(make, told=told), "halving 3")
    yield "Ray", NONE, lambda grid, seed: PlainHyperOpt(seed, grid=grid)
    yield "Ray", "ASHA 3", lambda grid, seed: Under(PlainHyperOpt(seed, grid=grid), ASHA(grid.epochs))
    yield "Optuna", NONE, lambda grid, seed: OptunaTPE(seed, grid=grid)
    for name, pruner in PRUNERS.items():
        yield "Optuna", name, partial(_optuna, pruner)


def _ordered(make: Callable[..., Strategy], rule: str, grid: Grid, seed: int) -> Strategy:
    return make(seed, grid=grid, stopper=RULES[rule](grid.epochs, seed))


def _optuna(pruner: Callable[[int], optuna.pruners.BasePruner], grid: Grid, seed: int) -> Strategy:
    return OptunaTPE(seed, grid=grid, pruner=pruner(grid.epochs))


def collect(out: Path, names: list[str], searches: list[str], seeds: int) -> None:
    """Compute what ``out`` lacks."""
    known = set()
    if out.exists():
        known = {tuple(json.loads(line)[key] for key in ("table", "search", "rule", "seed")) for line in out.open()}
    tables = {name: Table(name) for name in names}
    with out.open("a") as file:
        for (name, table), seed, (search, rule, make) in product(tables.items(), range(seeds), strategies()):
            if (name, search, rule, seed) in known or search not in searches:
                continue
            epochs = table.grid.epochs
            np.random.seed(seed)  # noqa: NPY002 - Ray draws brackets from it
            campaign = simulate(
                make(table.grid, seed),
                table,
                trials=BUDGETS[-1] * epochs,
                workers=WORKERS,
                seed=seed,
                epochs=BUDGETS[-1] * epochs,
            )
            taken = [campaign.incumbent_after(budget * epochs) for budget in BUDGETS]
            regret = [1.0 if point is None else table.regret(point) for point in taken]
            line = {"table": name, "search": search, "rule": rule, "seed": seed, "trials": len(campaign.runs)}
            file.write(json.dumps(line | {"full": sum(run.full for run in campaign.runs), "regret": regret}) + "\n")
            file.flush()


def summary(path: Path, against: str) -> None:
    """Print a line per search, budget and rule."""
    cells: dict[tuple[str, str], dict[str, dict[int, Any]]] = defaultdict(lambda: defaultdict(dict))
    for text in path.open():
        line = json.loads(text)
        cells[line["search"], line["rule"]][line["table"]][line["seed"]] = line
    names = sorted({table for cell in cells.values() for table in cell})
    for search in dict.fromkeys(search for search, _ in cells):
        rules = [rule for one, rule in cells if one == search and len(cells[one, rule]) == len(names)]
        for at, budget in enumerate(BUDGETS if rules else ()):
            regret = {rule: [_column(cells[search, rule][table], at) for table in names] for rule in rules}
            means = np.array([[np.mean(list(column.values())) for column in regret[rule]] for rule in rules])
            ranks = stats.rankdata(means, axis=0).mean(axis=1)
            for rule, mean, rank in zip(rules, means, ranks, strict=True):
                line = {"search": search, "budget": budget, "rule": rule, "rank": round(float(rank), 2)}
                line["regret"] = round(float(mean.mean()), 4)
                line["trials"] = {
                    table: round(float(np.mean([run["trials"] for run in cells[search, rule][table].values()])))
                    for table in names
                }
                if rule != against and against in rules:
                    paired = [
                        [column[seed] - other[seed] for seed in column if seed in other]
                        for column, other in zip(regret[rule], regret[against], strict=True)
                    ]
                    line["difference"] = {name: interval(values) for name, values in zip(names, paired, strict=True)}
                    line["all"] = _stratified(paired)
                print(json.dumps({"benchmark": "halving"} | line))


def _column(runs: dict[int, Any], at: int) -> dict[int, float]:
    return {seed: run["regret"][at] for seed, run in runs.items()}


def _stratified(paired: list[list[float]]) -> dict[str, float]:
    """Return the mean over tables of the mean over seeds, and its 95 % interval over seeds for these tables."""
    mean = float(np.mean([np.mean(values) for values in paired]))
    error = float(np.sqrt(sum(stats.sem(values) ** 2 for values in paired))) / len(paired)
    half = float(stats.t.ppf(0.975, min(map(len, paired)) - 1)) * error
    return {"mean": round(mean, 4), "low": round(mean - half, 4), "high": round(mean + half, 4)}


def correlations(table: Table) -> list[float]:
    """Return the correlation over all trials, after 1, 2, ... epochs."""
    best = np.maximum.accumulate([curve.values for curve in table.curves.values()], axis=1)
    return [round(float(stats.spearmanr(best[:, epoch], best[:, -1]).statistic), 2) for epoch in range(4)]


def main() -> None:
    """Compute or summarise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="campaigns per table, search and rule")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    searches = [*ENGINES, "Ray", "Optuna"]
    parser.add_argument("--searches", nargs="+", choices=searches, default=searches)
    parser.add_argument("--out", type=Path, help="file of results, extended")
    parser.add_argument("--summary", type=Path, help="file of results to summarise")
    parser.add_argument("--against", default=NONE, help="the rule that others are compared with in the summary")
    parser.add_argument("--correlations", action="store_true", help="how well the first epochs tell the best")
    options = parser.parse_args()
    if options.correlations:
        for name in options.tables:
            print(json.dumps({"benchmark": "halving", "table": name, "correlations": correlations(Table(name))}))
        return
    if (options.out is None) == (options.summary is None):
        parser.error("give --out, --summary or --correlations")
    if options.out:
        collect(options.out, options.tables, options.searches, options.seeds)
    else:
        summary(options.summary, options.against)


if __name__ == "__main__":
    main()
