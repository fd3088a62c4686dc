"""A checkpoint is restored bit for bit, or refused."""

import contextlib
import hashlib
import io
import pickle
import random
import tracemalloc
from pathlib import Path

import pytest
import torch
from factories import arrays, trial

from tuning.training.begin import begin
from tuning.training.checkpoint import load_checkpoint, save_checkpoint


@pytest.fixture
def checkpoint(tmp_path):
    run = begin(trial(), arrays())
    run.run_epoch()
    save_checkpoint(run, tmp_path / "checkpoint.pt")
    return run, tmp_path / "checkpoint.pt"


def test_a_restored_run_ends_with_the_same_bits(checkpoint):
    run, path = checkpoint
    expected = run.run_epoch().weights_sha256  # first: all runs of a process share torch's generator
    again = begin(trial(), arrays())
    load_checkpoint(again, path)
    assert again.run_epoch().weights_sha256 == expected


@pytest.mark.parametrize("batching", ["shuffled", "bucketed"])
def test_a_run_restored_within_a_pass_over_the_rows_ends_with_the_same_bits(tmp_path, batching):
    config = trial(train__epoch_rows=14, train__batching=batching)
    run = begin(config, arrays())
    run.run_epoch()
    save_checkpoint(run, tmp_path / "checkpoint.pt")
    expected = run.run_epoch().weights_sha256
    again = begin(config, arrays())
    load_checkpoint(again, tmp_path / "checkpoint.pt")
    assert again.run_epoch().weights_sha256 == expected


def test_saving_holds_the_state_in_memory_once(tmp_path):
    run, path = begin(trial(model__hidden=200), arrays()), tmp_path / "checkpoint.pt"
    run.run_epoch()
    tracemalloc.start()
    try:
        save_checkpoint(run, path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * path.stat().st_size


def test_a_flipped_bit_anywhere_is_refused(checkpoint):
    _, path = checkpoint
    sound = path.read_bytes()
    places = random.Random(0).sample(range(8 * len(sound)), 200)
    accepted = []
    for place in places:
        damaged = bytearray(sound)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with contextlib.suppress(ValueError):
            load_checkpoint(begin(trial(), arrays()), path)
            accepted.append(place)
    assert accepted == []


@pytest.mark.parametrize("size", [0, 10, 32, 500])
def test_a_truncated_checkpoint_is_refused(checkpoint, size):
    _, path = checkpoint
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match="checksum does not match"):
        load_checkpoint(begin(trial(), arrays()), path)


def test_weights_that_are_not_those_of_the_last_epoch_are_refused(checkpoint):
    run, _ = checkpoint
    state = run.state()
    content = io.BytesIO()
    torch.save(state, content)
    forged = torch.load(io.BytesIO(content.getvalue()), weights_only=True)
    name = next(iter(forged["model"]))
    forged["model"][name] = forged["model"][name] + 1
    with pytest.raises(ValueError, match="weights are not those of its last epoch"):
        begin(trial(), arrays()).restore(forged)


class Code:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_code_in_a_checkpoint_is_not_run(checkpoint, tmp_path):
    _, path = checkpoint
    trace = tmp_path / "was run"
    content = io.BytesIO()
    torch.save(Code(trace), content)
    state = content.getvalue()
    path.write_bytes(hashlib.sha256(state).digest() + state)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        load_checkpoint(begin(trial(), arrays()), path)
    assert not trace.exists()
