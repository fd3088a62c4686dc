"""Arrays of the kinds that ``factories.arrays`` does not make: unequal lengths, texts, regression."""

from dataclasses import replace

import numpy as np
from factories import arrays

from data.arrays import Arrays, Part, Scale


def unequal(*, rows: int = 60, steps: int = 20, classes: int = 3, seed: int = 0) -> Arrays:
    """Noisy sines cut at random lengths."""
    whole = arrays(rows=rows, steps=steps, classes=classes, seed=seed)
    rng = np.random.default_rng(seed)

    def cut(part: Part) -> Part:
        lengths = rng.integers(4, steps, len(part.y), endpoint=True)
        return Part(x=part.x * (np.arange(steps) < lengths[:, None])[:, :, None], lengths=lengths, y=part.y)

    return replace(whole, train=cut(whole.train), valid=cut(whole.valid))


def texts(*, rows: int = 60, tokens: int = 30) -> Arrays:
    """Random words of unequal numbers; class k is full of the word k + 2."""
    base = unequal(rows=rows)
    rng = np.random.default_rng(1)

    def words(part: Part) -> Part:
        x = rng.integers(1, tokens, part.x.shape, dtype=np.int32)
        x = np.where(rng.random(part.x.shape) < 0.5, part.y[:, None, None].astype(np.int32) + 2, x)
        valid = (np.arange(x.shape[1]) < part.lengths[:, None])[:, :, None]
        return replace(part, x=np.where(valid, x, 0).astype(np.int32))

    return replace(base, train=words(base.train), valid=words(base.valid), tokens=tokens)


def regression(*, rows: int = 60, steps: int = 12) -> Arrays:
    """Forecast the next value of a noisy walk from a window of it."""
    rng = np.random.default_rng(2)
    walk = rng.normal(size=(rows, steps)).cumsum(axis=1).astype(np.float32)
    target = walk[:, -1] * 3 + 40 + rng.normal(size=rows)
    cut = rows * 4 // 5
    scale = Scale(mean=float(target[:cut].mean()), std=float(target[:cut].std()))
    y = ((target - scale.mean) / scale.std).astype(np.float32)

    def part(where: slice) -> Part:
        return Part(x=walk[where, :, None], lengths=np.full(len(y[where]), steps, dtype=np.int64), y=y[where])

    base = arrays(rows=rows, steps=steps)
    return replace(base, train=part(slice(cut)), valid=part(slice(cut, None)), class_names=(), scale=scale)
