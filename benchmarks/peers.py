"""seqtune and its peers in one run: `make bench`.

    SEQTUNE_DATASETS=FOLDER python benchmarks/peers.py --out peers.jsonl
    python benchmarks/peers.py --parts overhead memory

Parts: ``overhead`` (a short trial's cost and the start, against Optuna and Ray Tune), ``second`` (60 trials of about a
second against the ideal), ``training`` (samples per second, against mltrainer, skorch and Lightning), ``memory`` (of a
further worker, against Ray Tune), ``quality`` (time to the quality of mltrainer under Ray Tune; it takes longer than
all others together).  Each is a script of its own and says there what is compared.  The peers are in the extra
``bench``; a part whose package is absent is left out, and says so.

Prints a Markdown table and one JSON line.  A ratio is ours divided by the peer's.  ``--out`` appends the JSON line of
each part; the seeds of ``quality`` are kept beside it and resumed.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from peer_process import HERE, environment

Row = tuple[str, str, str, str]
"""What was measured, ours, the peer's with its name, the ratio."""

NEEDS_DATA = ("training", "memory", "quality")
PEERS = {"training": ("mltrainer", "skorch", "lightning"), "quality": ("mltrainer",)}


def commands(options: argparse.Namespace) -> dict[str, list[str]]:
    """Return the script and arguments of each part."""
    repeats = ["--repeats", str(options.repeats)]
    seeds = [] if options.out is None else ["--out", str(options.out.with_suffix(".quality.jsonl").absolute())]
    return {
        "overhead": ["overhead.py", *repeats],
        "second": ["overhead.py", "--rows", "1000", *repeats],
        "training": ["peer_training.py"],
        "memory": ["peer_memory.py"],
        "quality": ["peer_quality.py", "--seeds", str(options.seeds), *seeds],
    }


def row(name: str, ours: float, theirs: float, peer: str, unit: str = "") -> Row:
    return name, f"{ours:g}{unit}", f"{peer} {theirs:g}{unit}", f"{ours / theirs:.2f}" if theirs else ""


def of_overhead(result: dict[str, Any]) -> Iterable[Row]:
    for peer in ("optuna", "ray"):
        yield row("overhead per trial", result["seqtune"]["overhead_ms"], result[peer]["overhead_ms"], peer, " ms")
    for peer in ("optuna", "ray"):
        yield row("start to first step", result["seqtune"]["first_step_s"], result[peer]["first_step_s"], peer, " s")


def of_second(result: dict[str, Any]) -> Iterable[Row]:
    name = f"{result['trials']} trials of {result['bare']['trial_ms'] / 1000:.1f} s"
    for key, base in (("of_training", "its own training"), ("of_ideal", "the ideal")):
        for peer in ("optuna", "ray"):
            yield row(f"{name}, against {base}", result["seqtune"][key], result[peer][key], peer)
    for peer in ("optuna", "ray"):
        yield row(f"{name}, whole process", result["seqtune"]["whole_s"], result[peer]["whole_s"], peer, " s")


def of_training(result: dict[str, Any]) -> Iterable[Row]:
    for network in ("cnn2d", "cnn-gru"):
        ours = result[network]["seqtune"]["per_processor_s"]
        for peer, figures in result[network].items():
            if peer != "seqtune":
                yield row(f"{network}, samples per s of processor", ours, figures["per_processor_s"], peer)


def of_memory(result: dict[str, Any]) -> Iterable[Row]:
    yield row("further worker", result["seqtune"]["per_worker_mb"], result["ray"]["per_worker_mb"], "ray", " MB")


def of_quality(result: dict[str, Any]) -> Iterable[Row]:
    for arm in ("raw", "balanced"):
        for target in ("end", "best"):
            found = result[f"{arm}_{target}"]
            middle = found["median_ratio"]
            ratio = "not reached" if middle is None else f"{middle:.2f}"
            yield (
                f"time to mltrainer's {target} macro recall, {arm} ({result['seeds']} seeds)",
                f"reached {found['reached']}, in half of the time {found['at_most_half']}",
                f"mltrainer {result['mltrainer_s']:g} s, {result[f'mltrainer_{target}']:g}",
                ratio,
            )


ROWS: dict[str, Callable[[dict[str, Any]], Iterable[Row]]] = {
    "overhead": of_overhead,
    "second": of_second,
    "training": of_training,
    "memory": of_memory,
    "quality": of_quality,
}


def table(results: dict[str, dict[str, Any]]) -> str:
    """Return the Markdown table of the parts that ran."""
    rows: list[Row] = [("measured", "seqtune", "peer", "ours / theirs"), ("---", "---", "---", "---")]
    rows += [each for part, result in results.items() for each in ROWS[part](result)]
    return "\n".join(f"| {' | '.join(each)} |" for each in rows)


def main() -> None:
    """Run the parts one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=ROWS, default=list(ROWS), help="parts to run")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each tool in overhead and second")
    parser.add_argument("--seeds", type=int, default=5, help="seeds of quality")
    parser.add_argument("--out", type=Path, help="file that the results are appended to")
    options = parser.parse_args()
    if (parts := set(options.parts) & set(NEEDS_DATA)) and "SEQTUNE_DATASETS" not in os.environ:
        parser.error(
            f"{', '.join(sorted(parts))}: set SEQTUNE_DATASETS to the folder of the data sets, or leave it out"
        )
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
    results = {}
    for part in options.parts:
        if missing := [name for name in PEERS.get(part, ()) if find_spec(name) is None]:
            print(
                f"{part}: left out, not installed: {', '.join(missing)} (`make bench` installs them)", file=sys.stderr
            )
            continue
        script, *arguments = commands(options)[part]
        command = [sys.executable, str(HERE / script), *arguments]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment()).stdout
        results[part] = json.loads(output.splitlines()[-1])
        if options.out is not None:
            with options.out.open("a") as out:
                out.write(json.dumps({"part": part, **results[part]}) + "\n")
    print(table(results))
    print(json.dumps({"benchmark": "peers", **results}))


if __name__ == "__main__":
    main()
