"""Records in PhysioNet's format, small: a signal at 360 Hz and annotations, written by wfdb."""

from pathlib import Path

import numpy as np
import pytest

wfdb = pytest.importorskip("wfdb")


def write_record(
    folder: Path,
    number: int,
    annotations: dict[int, str],
    *,
    signal: np.ndarray | None = None,
    rate: int = 360,
) -> Path:
    """Write a record; return its header.  annotations: sample -> symbol; signal: (S,) ADC units, a noise by default."""
    folder.mkdir(parents=True, exist_ok=True)
    if signal is None:
        signal = np.random.default_rng(number).integers(-500, 500, size=3000)
    wfdb.wrsamp(
        str(number),
        fs=rate,
        units=["mV", "mV"],
        sig_name=["MLII", "V5"],
        d_signal=np.column_stack([signal, np.zeros_like(signal)]),
        fmt=["212", "212"],
        adc_gain=[200, 200],
        baseline=[1024, 1024],
        write_dir=str(folder),
    )
    wfdb.wrann(
        str(number), "atr", np.array(list(annotations)), np.array(list(annotations.values())), write_dir=str(folder)
    )
    return folder / f"{number}.hea"
