"""Synthetic heartbeats, generated here: a data set that needs no files, shaped like the real one.

Source of the model: McSharry, Clifford, Tarassenko, Smith, "A dynamical model for generating synthetic
electrocardiogram signals", IEEE Trans. Biomed. Eng. 50(3), 289-294, 2003: a beat is a sum of Gaussians, one per
wave (P, Q, R, S, T).  Their angles on the limit cycle are seconds from the R peak here, and beats are independent.

A row is cut as in the heartbeat categorization version of MIT-BIH: from an R peak to a fifth of a beat after the next,
at 120 Hz, minimum 0 and maximum 1, zeros up to 187 samples.  Each abnormal beat is interpolated between a normal one
and its class, each patient has their own rate, amplitudes and widths, and noise and baseline wander are added, so that
classes overlap.
"""

from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from data.config import DataOptions
from data.rows import DataSet, Rows, part

CLASS_NAMES = ("N", "S", "V", "F", "Q")
COUNTS = (4968, 150, 396, 48, 438)
"""Rows of each class: the real shares of 82.8, 2.5, 6.6, 0.7 and 7.3 %, F rounded up so that SMOTE has neighbours."""
PATIENTS = 60
STEPS = 187
SAMPLING_RATE_HZ = 120.0
SEED = 2003

WAVES: dict[str, tuple[tuple[float, float, float], ...]] = {
    # P                    Q                     R                   S                     T
    "N": ((0.12, -0.17, 0.025), (-0.12, -0.03, 0.010), (1.10, 0.00, 0.012), (-0.22, 0.03, 0.011), (0.30, 0.26, 0.050)),
    "S": ((-0.20, 0.13, 0.024), (-0.06, -0.03, 0.010), (1.00, 0.00, 0.013), (-0.28, 0.03, 0.013), (0.15, 0.23, 0.045)),
    "V": ((0.00, -0.17, 0.025), (0.00, -0.03, 0.010), (1.30, 0.01, 0.035), (-0.50, 0.10, 0.035), (-0.40, 0.32, 0.060)),
    "F": ((0.08, -0.17, 0.025), (-0.06, -0.03, 0.010), (1.20, 0.00, 0.024), (-0.38, 0.06, 0.024), (-0.05, 0.30, 0.055)),
    "Q": ((0.00, -0.17, 0.025), (0.00, -0.03, 0.010), (0.90, 0.01, 0.030), (-0.70, 0.08, 0.030), (-0.15, 0.34, 0.070)),
}
"""Amplitude in mV, centre in s after the R peak, width (standard deviation) in s of each wave.

S: retrograde P after the R peak, aberrant ST.  V: wide QRS, no P, inverted T.  F: between N and V.  Q: paced.
"""
RATE = {"N": 1.0, "S": 1.15, "V": 1.25, "F": 1.05, "Q": 0.95}
"""Time to the next beat, relative to the patient's own: a pause follows S and V."""
TYPICAL = (0.6, 1.0)
"""Position of an abnormal beat between normal (0) and its class (1): uniform between these."""
NOISE_MV = 0.025
WANDER_MV = 0.10
ADC_STEPS_PER_MV = 200.0
"""As in MIT-BIH.  Rounding to them also removes the last bits, which differ between processors."""


def find(_options: DataOptions, _datasets: Path | None) -> tuple[Path, ...]:
    """Return no path: the rows are generated."""
    return ()


def load(_options: DataOptions, _paths: tuple[Path, ...]) -> Rows:
    """Return the 6,000 rows, always the same, ordered by class like the real ones; groups are patients."""
    return make(COUNTS, SEED)


def make(counts: tuple[int, ...], seed: int) -> Rows:
    """Return ``counts`` rows of the classes N, S, V, F, Q."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(CLASS_NAMES)), counts)
    patients = rng.integers(PATIENTS, size=len(y))
    signal, samples = _signals(y, patients, rng)
    return Rows(rows=part(_scaled(signal, samples), y), class_names=CLASS_NAMES, groups=patients)


SYNTHETIC = DataSet(
    about="synthetic heartbeats, built in: no files needed",
    size=f"{sum(COUNTS):,} rows, {len(CLASS_NAMES)} classes, {STEPS} x 1",
    find=find,
    load=load,
)


def _signals(
    y: NDArray[np.int64], patients: NDArray[np.int64], rng: Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return (N, T) in ADC steps, and (N,) how many samples of each row belong to the beat."""
    n = len(y)
    templates = np.array([WAVES[name] for name in CLASS_NAMES])  # (K, 5, 3)
    typical = rng.uniform(*TYPICAL, size=(n, 1, 1))
    beat = templates[0] + typical * (templates[y] - templates[0])  # (N, 5, 3)
    following = np.repeat(templates[:1], n, axis=0)
    interval = rng.normal(0.80, 0.10, PATIENTS).clip(0.55, 1.10)[patients]
    interval *= np.array([RATE[name] for name in CLASS_NAMES])[y] * rng.normal(1.0, 0.04, n)
    time = np.arange(STEPS) / SAMPLING_RATE_HZ
    own = rng.normal(1.0, 0.10, (PATIENTS, 5, 3)).clip(0.6, 1.4)[patients]
    signal = np.zeros((n, STEPS))
    for waves, start in ((beat, np.zeros(n)), (following, interval)):
        amplitude, centre, width = np.moveaxis(waves * own * rng.normal(1.0, 0.07, waves.shape), 2, 0)  # (N, 5) each
        for wave in range(templates.shape[1]):
            distance = time - (start + centre[:, wave])[:, None]
            signal += amplitude[:, wave, None] * np.exp(-0.5 * (distance / width[:, wave, None]) ** 2)
    phase = rng.uniform(0.0, 2 * np.pi, (n, 1))
    signal += WANDER_MV * np.sin(2 * np.pi * rng.uniform(0.15, 0.4, (n, 1)) * time + phase)
    signal += rng.normal(0.0, NOISE_MV, signal.shape)
    samples = (1.2 * interval * SAMPLING_RATE_HZ).astype(np.int64).clip(max=STEPS)
    return np.round(signal * ADC_STEPS_PER_MV), samples


def _scaled(signal: NDArray[np.float64], samples: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return (N, T) with minimum 0 and maximum 1 over each row's own samples, zero after them."""
    inside = np.arange(STEPS) < samples[:, None]
    low = np.where(inside, signal, np.inf).min(axis=1, keepdims=True)
    high = np.where(inside, signal, -np.inf).max(axis=1, keepdims=True)
    return np.where(inside, (signal - low) / (high - low), 0.0).astype(np.float32)
