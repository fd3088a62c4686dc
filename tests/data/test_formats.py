"""A data set of an unsupported kind says what is allowed and how to convert it."""

import re

import pytest
from data_factories import config

from data.catalogue import resolve
from data.errors import DataError
from data.files import locate
from data.formats import ALLOWED_SUFFIXES, unsupported

HINTS = {
    "beats.xlsx": r'\.xlsx files .*pandas\.read_excel\("beats\.xlsx"\)\.to_csv\("beats\.csv", index=False\)',
    "old/beats.xls": r'pandas\.read_excel\("beats\.xls"\)',
    "beats.tsv": r'pandas\.read_csv\("beats\.tsv", sep="\\t"\)',
    "beats.npy": r'numpy\.savez\("beats\.npz", x=x, y=y\)',
    "beats.csv.gz": r"Decompress it",
    "beats.CSV": r"Rename it to beats\.csv",
    "beats.mat": r"Convert it to \.csv or \.parquet",
}


@pytest.mark.parametrize("name", HINTS)
def test_an_unsupported_file_is_refused_with_its_conversion(name):
    with pytest.raises(DataError, match=rf"data\.dataset = '{re.escape(name)}': .*{HINTS[name]}") as error:
        resolve(config(name))
    assert "Allowed: .csv, .parquet, .parq, .npz, .ts." in str(error.value)
    assert "no such data set" not in str(error.value)


@pytest.mark.parametrize("suffix", ALLOWED_SUFFIXES)
def test_every_allowed_file_resolves(suffix):
    assert resolve(config(f"mine{suffix}")).about


def test_a_folder_lists_its_tables(tmp_path):
    for name in ("b.csv", "a.parquet", "notes.md"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"this is a folder\. Name one of its files: a\.parquet, b\.csv\."):
        resolve(config(str(tmp_path)))


def test_a_folder_without_tables_lists_the_allowed_suffixes(tmp_path):
    assert "Name a file: .csv, .parquet" in (unsupported(str(tmp_path)) or "")


def test_a_folder_with_a_tables_suffix_is_named(tmp_path):
    (tmp_path / "beats.csv").mkdir()
    with pytest.raises(DataError, match=r"beats\.csv is a folder\. Name a file\."):
        locate("beats.csv", tmp_path)


def test_a_file_without_a_suffix_says_so(tmp_path):
    (tmp_path / "beats").touch()
    with pytest.raises(DataError, match="the file has no suffix"):
        resolve(config(str(tmp_path / "beats")))
