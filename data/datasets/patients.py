"""The 48 MIT-BIH records, their patients, and de Chazal's division of them into training and test.

Sources: Moody and Mark, IEEE Eng. in Med. and Biol. 20(3), 2001; de Chazal, O'Dwyer, Reilly, IEEE Trans. Biomed.
Eng. 51(7), 2004 (DS1, DS2); ANSI/AAMI EC57 (records with paced beats left out).
"""

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.rows import Rows

SAME_SUBJECT = {202: 201}
"""Record -> the other record of the same patient (PhysioNet's notes)."""
# fmt: off
DS1 = (101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122, 124,
       201, 203, 205, 207, 208, 209, 215, 220, 223, 230)
DS2 = (100, 103, 105, 111, 113, 117, 121, 123,
       200, 202, 210, 212, 213, 214, 219, 221, 222, 228, 231, 232, 233, 234)
# fmt: on
PACED = (102, 104, 107, 217)
RECORDS = tuple(sorted(DS1 + DS2 + PACED))


def patients(records: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (N,) the patient of each beat, numbered by one of the patient's records, from (N,) records."""
    distinct, place = np.unique(records, return_inverse=True)
    return np.array([SAME_SUBJECT.get(record, record) for record in distinct.tolist()], dtype=np.int64)[place]


def by_patient(beats: Part, records: NDArray[np.int64], class_names: tuple[str, ...]) -> Rows:
    """Return all beats as one part, with the patient as the group and no official test part."""
    return Rows(rows=beats, class_names=class_names, groups=patients(records))


def de_chazal(beats: Part, records: NDArray[np.int64], class_names: tuple[str, ...]) -> Rows:
    """Return the beats of DS1 with their patients, and those of DS2 as the official test part.  records: (N,)."""
    train, test = (np.flatnonzero(np.isin(records, part)) for part in (DS1, DS2))
    left_out = len(records) - len(train) - len(test)
    return Rows(
        rows=beats.take(train),
        class_names=class_names,
        groups=patients(records[train]),
        test=beats.take(test),
        notes=(
            f"records {', '.join(map(str, PACED))} (paced) are left out: {left_out:,} of {len(records):,} beats.",
            "records 201 (training) and 202 (test) are of one patient, as in de Chazal's division.",
        ),
    )
