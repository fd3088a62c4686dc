"""Hostile data files."""

import gzip
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from hostile_case import Case, Sandbox

HEADER = ",".join([*(f"t{i}" for i in range(4)), "label"])
ROWS = "".join(f"{i},{i % 7},{i % 5},{i % 3},{'ab'[i % 2]}\n" for i in range(60))


def npy(shape: tuple[int, ...], dtype: str = "<f4", content: bytes = b"") -> bytes:
    """Return an array's file whose header claims what it likes."""
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + content


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def bomb(name: str, head: bytes, zeros: int) -> bytes:
    """Return a zip file with one member: ``head`` and many zeros, about a thousandth of their size."""
    block = 2**20
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = compressor.compress(head) + compressor.flush(zlib.Z_FULL_FLUSH)
    chunk = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = chunk.compress(b"\0" * block) + chunk.flush(zlib.Z_FULL_FLUSH)
    body = start + piece * (zeros // block) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    size, crc = len(head) + zeros // block * block, zlib.crc32(head)
    fields = (20, 0, zipfile.ZIP_DEFLATED, 0, 0, crc, len(body), min(size, 2**32 - 2), len(name), 0)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", *fields) + name.encode()
    central = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *fields, 0, 0, 0, 0, 0) + name.encode()
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local) + len(body), 0)
    return local + body + central + end


def data(name: str, content: Callable[[], bytes | str], options: str = "") -> Callable[[Sandbox], list[str]]:
    return lambda box: box.data(name, content(), options)


def npz(
    members: Callable[[], dict[str, bytes]], compression: int = zipfile.ZIP_STORED
) -> Callable[[Sandbox], list[str]]:
    return data("x.npz", lambda: zipped(members(), compression))


LABELS = npy((4,), "<i8", struct.pack("<4q", 0, 1, 0, 1))


def link(name: str, make: Callable[[Path], object]) -> Callable[[Sandbox], list[str]]:
    def made(box: Sandbox) -> list[str]:
        make(box.work / name)
        return box.on(name)

    return made


NPZ = [
    ("a header of 10^12 rows", npz(lambda: {"x.npy": npy((10**12, 4)), "y.npy": LABELS})),
    ("a header of 10^30 rows", npz(lambda: {"x.npy": npy((10**30, 4)), "y.npy": LABELS})),
    ("a header of -1 rows", npz(lambda: {"x.npy": npy((-1, 4)), "y.npy": LABELS})),
    ("a header with 10,000 nested brackets", npz(lambda: {"x.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", 20_001) + b"(" * 20_000 + b"\n", "y.npy": LABELS})),
    ("3 MB that decompress to 3 GB", data("x.npz", lambda: bomb("x.npy", npy((2**10, 2**10, 700)), 700 * 2**22))),
    ("60 MB whose header claims 64 GB", data("x.npz", lambda: bomb("x.npy", npy((2**14, 2**20)), 60 * 2**30))),
    ("3 MB that decompress to 3 GB, in an array that is not read", lambda box: box.data("x.npz", bomb("other.npy", npy((2**10, 2**10, 700)), 700 * 2**22))),
    ("Python objects", npz(lambda: {"x.npy": npy((4, 1), "|O", b"cos\nsystem\n(S'touch pwned'\ntR."), "y.npy": LABELS})),
    ("cut off in the middle", lambda box: box.data("x.npz", zipped({"x.npy": npy((4, 2), "<f4", b"\0" * 32), "y.npy": LABELS})[:200])),
    ("an array shorter than its header", npz(lambda: {"x.npy": npy((4, 2), "<f4", b"\0" * 8), "y.npy": LABELS})),
    ("members called . and .. and /x", npz(lambda: {".": b"x", "..": b"x", "/x": b"x", "../x.npy": npy((4, 2), "<f4", b"\0" * 32)})),
    ("100,000 members", npz(lambda: {f"{n}.npy": b"" for n in range(100_000)})),
    ("a member that is no array", npz(lambda: {"x.npy": b"hello", "y.npy": LABELS})),
    ("x twice", data("x.npz", lambda: zipped({"x.npy": LABELS, "y.npy": LABELS}).replace(b"y.npy", b"x.npy"))),
    ("a gzip file called .npz", data("x.npz", lambda: gzip.compress(b"\0" * 10**7))),
    ("dates as x", npz(lambda: {"x.npy": npy((4, 1), "<M8[s]", b"\0" * 32), "y.npy": LABELS})),
    ("labels of 250,000,000 characters each", npz(lambda: {"x.npy": npy((4, 2), "<f4", b"\0" * 32), "y.npy": npy((4,), "<U250000000")})),
    ("an .npz that is a link to /dev/zero", link("x.npz", lambda path: path.symlink_to("/dev/zero"))),
    ("an .npz that is a FIFO", link("x.npz", os.mkfifo)),
    ("an .npz that is a folder", link("x.npz", Path.mkdir)),
]  # fmt: skip


def parquet(table: Callable[[], object], options: str = "", **writing: object) -> Callable[[Sandbox], list[str]]:
    def make(box: Sandbox) -> list[str]:
        from pyarrow import parquet as writer

        writer.write_table(table(), box.work / "x.parquet", **writing)
        return box.on("x.parquet", options)

    return make


def constant_rows(rows: int, columns: int) -> Callable[[], object]:
    def make() -> object:
        import numpy as np
        import pyarrow as pa

        zeros = pa.DictionaryArray.from_arrays(np.zeros(rows, dtype=np.int8), pa.array([1.5], pa.float64()))
        labels = pa.DictionaryArray.from_arrays((np.arange(rows) % 2).astype(np.int8), pa.array(["a", "b"]))
        return pa.table({**{f"t{n}": zeros for n in range(columns)}, "label": labels})

    return make


def long_texts() -> object:
    import numpy as np
    import pyarrow as pa

    texts = pa.DictionaryArray.from_arrays(np.zeros(100_000, dtype=np.int8), pa.array(["word " * 20_000]))
    labels = pa.DictionaryArray.from_arrays((np.arange(100_000) % 2).astype(np.int8), pa.array(["a", "b"]))
    return pa.table({"text": texts, "label": labels})


def many_columns() -> object:
    import pyarrow as pa

    return pa.table({**{f"t{n}": [1.0, 2.0] for n in range(20_000)}, "label": ["a", "b"]})


def nested_columns() -> object:
    import pyarrow as pa

    return pa.table({"t0": [[1.0]] * 8, "t1": [{"a": 1}] * 8, "label": ["a", "b"] * 4})


PARQUET = [
    ("200 columns of 20,000,000 equal rows", parquet(constant_rows(20_000_000, 200), compression="zstd")),
    ("one text of 100 kB, 100,000 times", parquet(long_texts, 'text = "text"', compression="zstd")),
    ("20,000 columns", parquet(many_columns)),
    ("lists and tables as columns", parquet(nested_columns)),
    ("cut off", data("x.parquet", lambda: b"PAR1" + b"\0" * 1000)),
    ("a footer of 4 GB", data("x.parquet", lambda: b"PAR1" + b"\0" * 1000 + struct.pack("<I", 2**32 - 1) + b"PAR1")),
    ("a footer of rubbish", data("x.parquet", lambda: b"PAR1" + b"\xff" * 1000 + struct.pack("<I", 900) + b"PAR1")),
    ("a CSV file called .parquet", data("x.parquet", lambda: HEADER + "\n" + ROWS)),
]  # fmt: skip


def csv(content: Callable[[], bytes | str], options: str = "") -> Callable[[Sandbox], list[str]]:
    return data("x.csv", content, options)


CSV = [
    ("empty", csv(lambda: "")),
    ("a header alone", csv(lambda: HEADER + "\n")),
    ("a field of 100 MB", csv(lambda: HEADER + "\n" + "1,2,3,4," + "x" * 100_000_000 + "\n")),
    ("a number of 100 MB", csv(lambda: HEADER + "\n" + "1" * 100_000_000 + ",2,3,4,a\n")),
    ("a header of one field of 100 MB", csv(lambda: "x" * 100_000_000 + "\n" + ROWS)),
    ("an open quote and 100 MB", csv(lambda: '"' + "x\n" * 50_000_000)),
    ("1,000,000 columns", csv(lambda: ",".join(f"t{n}" for n in range(1_000_000)) + ",label\n" + "1," * 1_000_000 + "a\n")),
    ("NUL bytes", csv(lambda: HEADER.encode() + b"\n" + b"\0" * 10_000)),
    ("not UTF-8", csv(lambda: HEADER.encode() + b"\n1,2,3,4,\xff\xfe\n1,2,3,4,b\n")),
    ("UTF-16", csv(lambda: (HEADER + "\n" + ROWS).encode("utf-16"))),
    ("a gzip file called .csv", csv(lambda: gzip.compress((HEADER + "\n" + ROWS).encode()))),
    ("gzip", data("x.csv.gz", lambda: gzip.compress(b"0" * 10**8))),
    ("Infinity and NaN as values", csv(lambda: HEADER + "\n1,2,Infinity,4,a\n1,2,NaN,4,b\n")),
    ("1e999 as value", csv(lambda: HEADER + "\n1,2,1e999,4,a\n1,2,3,4,b\n")),
    ("column names twice", csv(lambda: "t0,t0,label\n1,2,a\n1,3,b\n")),
    ("100,000 classes", csv(lambda: "t0,label\n" + "".join(f"{n},c{n}\n" for n in range(100_000)))),
    ("class names of 10 MB", csv(lambda: "t0,label\n" + "".join(f"{n},{'ab'[n % 2] * 1_000_000}\n" for n in range(10)))),
    ("a text of 50 MB", csv(lambda: "text,label\n" + "w " * 25_000_000 + ",a\nx,b\n", 'text = "text"')),
    ("texts of which one has 300,000 words, max_length = 10^9", csv(lambda: "text,label\n" + "w " * 300_000 + ",a\n" + "".join(f"x{n} y,{'ab'[n % 2]}\n" for n in range(100_000)), 'text = "text"\nmax_length = 1000000000')),
    ("vocabulary = 10^30", csv(lambda: "text,label\n" + "".join(f"x{n} y,{'ab'[n % 2]}\n" for n in range(100)), f'text = "text"\nvocabulary = {10**30}\nmax_rows = 1')),
    ("a series of 200,000 rows in windows of 50,000", csv(lambda: "load\n" + "".join(f"{n % 97}\n" for n in range(200_000)), 'target = "load"\nsplit = "chronological"\nwindow = 50000')),
    ("a link to /dev/zero", link("x.csv", lambda path: path.symlink_to("/dev/zero"))),
    ("a link to itself", link("x.csv", lambda path: path.symlink_to(path.name))),
]  # fmt: skip

TS_HEADER = (
    "@problemName x\n@timeStamps false\n@univariate true\n@equalLength {equal}\n{more}@classLabel true a b\n@data\n"
)


def ts(rows: Callable[[], str], *, equal: bool = True, more: str = "") -> Callable[[Sandbox], list[str]]:
    return data("x.ts", lambda: TS_HEADER.format(equal=str(equal).lower(), more=more) + rows())


TS = [
    ("@seriesLength 10^12", ts(lambda: "1,2,3:a\n", more="@seriesLength 1000000000000\n")),
    ("@dimensions 10^12", ts(lambda: "1,2,3:a\n", more="@dimensions 1000000000000\n")),
    ("@seriesLength of 5,000 digits", ts(lambda: "1,2,3:a\n", more="@seriesLength " + "9" * 5000 + "\n")),
    ("a row of 2,000,000 steps among 2,000 of one", ts(lambda: ",".join(["1"] * 2_000_000) + ":a\n" + "1:b\n" * 2_000, equal=False)),
    ("100,000 channels in a row", ts(lambda: "1:" * 100_000 + "a\n")),
    ("100 MB without a line break", ts(lambda: "1" * 100_000_000)),
    ("no header", data("x.ts", lambda: "1,2,3:a\n")),
    ("a class that the header lacks", ts(lambda: "1,2,3:c\n1,2,4:a\n")),
    ("not UTF-8", data("x.ts", lambda: b"@problemName \xff\xfe\n@data\n")),
    ("NUL bytes", data("x.ts", lambda: b"\0" * 10_000)),
    ("words as values", ts(lambda: "one,two:a\nthree,four:b\n")),
    ("a header of 1,000,000 tags", ts(lambda: "1,2:a\n", more="@x y\n" * 1_000_000)),
]  # fmt: skip

DATA = [
    *(Case(area="NPZ", tried=tried, make=make) for tried, make in NPZ),
    *(Case(area="Parquet", tried=tried, make=make) for tried, make in PARQUET),
    *(Case(area="CSV", tried=tried, make=make) for tried, make in CSV),
    *(Case(area=".ts", tried=tried, make=make) for tried, make in TS),
]
