"""Flipped bits in every file that seqtune reads back: how many are refused, and how many give wrong results unnoticed.

    python benchmarks/corruption.py --flips 1000

A small campaign is trained once, and one of its trials again to the middle.  Then one bit at a time is flipped: every
byte of the journal, and random bits of checkpoint, weights, prepared arrays and manifest.  A flip is

refused          reading raises an error
without effect   what is read is the same (a blank in a JSON file, padding of a header)
a cut end        the last line of the journal counts as an append that a crash cut short: the campaign trains that epoch
                 or trial again, and the line is kept beside the journal
silently wrong   anything else

Prints one JSON line, and ends with 1 if any flip is silently wrong.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmark_data import write_table

from data.errors import DataError
from data.manifest import MANIFEST, Manifest
from data.prepared import open_arrays
from tuning.campaign.errors import JournalError
from tuning.campaign.file import load
from tuning.execution.launch import launch
from tuning.execution.worker import TrialWorker
from tuning.journal.home import Home
from tuning.journal.log import read
from tuning.training.begin import begin
from tuning.training.checkpoint import load_checkpoint
from tuning.training.files import CHECKPOINT, WEIGHTS
from tuning.training.weights import load_weights

CAMPAIGN = """
name = "flipped"
seed = 7
[data]
dataset = "TABLE"
[space]
name = "cnn2d"
fix = { hidden = 62, blocks = 1, layers = 2 }
[search]
trials = 2
window = 2
startup_trials = 2
[train]
epochs = 3
"""
REFUSED, SAME, CUT, WRONG = "refused", "without effect", "a cut end", "silently wrong"


def flipped(path: Path, places: Iterator[tuple[int, int]], read_back: Callable[[], str]) -> Counter[str]:
    """Flip one bit at a time, byte and bit of each place, and count what reading the file back says."""
    whole = path.read_bytes()
    found: Counter[str] = Counter()
    try:
        for byte, bit in places:
            path.write_bytes(whole[:byte] + bytes([whole[byte] ^ 1 << bit]) + whole[byte + 1 :])
            found[read_back()] += 1
    finally:
        path.write_bytes(whole)
    return found


def some(path: Path, count: int, chance: random.Random) -> Iterator[tuple[int, int]]:
    """Yield random places in a file."""
    size = path.stat().st_size
    for _ in range(count):
        yield chance.randrange(size), chance.randrange(8)


def verdict(read_back: Callable[[], object], expected: object, *errors: type[Exception]) -> str:
    """Return what a reader makes of the file."""
    try:
        return SAME if read_back() == expected else WRONG
    except errors:
        return REFUSED


def journal_flips(home: Home, chance: random.Random) -> Counter[str]:
    """Flip one bit of every byte of the journal."""
    path = home.journal("flipped")
    entries = read(path)

    def read_back() -> str:
        try:
            found = read(path)
        except JournalError:
            return REFUSED
        return SAME if found == entries else CUT if found == entries[:-1] else WRONG

    places = ((byte, chance.randrange(8)) for byte in range(path.stat().st_size))
    return flipped(path, places, read_back)


def checkpoint_flips(home: Home, folder: Path, flips: int, chance: random.Random) -> Counter[str]:
    """Flip bits of the checkpoint of a trial that has trained one of its epochs."""
    trial = home.record("flipped").trials[0].config
    (arrays,) = home.arrays.glob("raw-*")
    TrialWorker(trial, arrays, folder).step()
    path, opened = folder / CHECKPOINT, open_arrays(arrays)

    def resumed() -> object:
        run = begin(trial, opened)
        load_checkpoint(run, path)
        run.run_epoch()
        return [report.model_dump(exclude={"seconds"}) for report in run.history]

    expected = resumed()
    return flipped(path, some(path, flips, chance), lambda: verdict(resumed, expected, ValueError))


def weights_flips(home: Home, flips: int, chance: random.Random) -> Counter[str]:
    """Flip bits of a trial's kept weights."""
    result = home.record("flipped").trials[0].result
    path = home.trial("flipped", 0) / WEIGHTS
    sha256 = result.weights_sha256 if result else None

    def loaded() -> object:
        return {name: value.tolist() for name, value in load_weights(path, sha256).items()}

    expected = loaded()
    return flipped(path, some(path, flips, chance), lambda: verdict(loaded, expected, ValueError))


def array_flips(directory: Path, flips: int, chance: random.Random) -> Counter[str]:
    """Flip bits of the prepared arrays, of each file as many as its share of the bytes."""

    def opened() -> object:
        arrays = open_arrays(directory)
        parts = (arrays.train, arrays.valid)
        return [a.tobytes() for part in parts for a in (part.x, part.lengths, part.y)] + [arrays.order.tobytes()]

    expected = opened()
    paths = [path for path in sorted(directory.glob("*.npy")) if not path.name.startswith("test_")]
    drawn = Counter(chance.choices(paths, weights=[path.stat().st_size for path in paths], k=flips))
    found: Counter[str] = Counter()
    for path, count in drawn.items():
        found += flipped(path, some(path, count, chance), lambda: verdict(opened, expected, DataError))
    return found


def manifest_flips(directory: Path, flips: int, chance: random.Random) -> Counter[str]:
    """Flip bits of the arrays' description."""
    path, expected = directory / MANIFEST, Manifest.read(directory)

    def read_back() -> str:
        found = Manifest.read(directory)
        return REFUSED if found is None else SAME if found == expected else WRONG

    return flipped(path, some(path, flips, chance), read_back)


def main() -> None:
    """Train, flip, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=1000, help="flips of each kind of file but the journal")
    parser.add_argument("--seed", type=int, default=0, help="seed of the places")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="seqtune-corruption-") as scratch:
        root = Path(scratch)
        campaign = root / "flipped.toml"
        campaign.write_text(CAMPAIGN.replace("TABLE", str(write_table(root / "table.csv"))))
        home = Home(root / "home")
        launch(load(campaign), home=home, datasets=None, progress=lambda _: None)
        (arrays,) = home.arrays.glob("raw-*")
        copy = root / "arrays" / arrays.name
        shutil.copytree(arrays, copy)
        found = {
            "journal": journal_flips(home, chance),
            "checkpoint": checkpoint_flips(home, root / "trial", options.flips, chance),
            "weights": weights_flips(home, options.flips, chance),
            "arrays": array_flips(copy, options.flips, chance),
            "manifest": manifest_flips(copy, options.flips, chance),
        }
    wrong = sum(counts[WRONG] for counts in found.values())
    print(json.dumps({"benchmark": "corruption", **found, WRONG: wrong}))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
