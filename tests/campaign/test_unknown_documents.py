"""Documents of unknown origin are bounded before anything else looks at them."""

import json
import os

import pytest

from tuning.campaign.documents import DEEPEST, DocumentError, parse_json, parse_toml, read_bytes
from tuning.campaign.errors import CampaignError
from tuning.campaign.file import load

SMALL = 'name = "a"\nseed = 1\ndata.dataset = "synthetic"\nspace.name = "cnn2d"\n'


def test_a_regular_file_is_read_up_to_its_bound(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"123")
    assert read_bytes(path, 3) == b"123"
    with pytest.raises(DocumentError, match="has 3 bytes; at most 2 are read"):
        read_bytes(path, 2)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_and_devices_are_not_opened(tmp_path, make):
    path = tmp_path / "f"
    make(path)
    with pytest.raises(DocumentError, match="not a regular file but a pipe or a device"):
        read_bytes(path, 10)


def test_documents_have_a_greatest_depth():
    fine = "[" * DEEPEST + "]" * DEEPEST
    assert json.dumps(parse_json(fine)) == fine
    for levels in (DEEPEST, 200_000):
        with pytest.raises(DocumentError, match="nested too deeply"):
            parse_json("[" * (levels + 1) + "]" * (levels + 1))
    with pytest.raises(DocumentError, match="nested too deeply"):
        parse_toml("x = " + "{a=" * 5_000 + "1" + "}" * 5_000)


@pytest.mark.parametrize("text", ["9" * 5_000, "1" + "0" * 30, "-" + "9" * 20])
def test_whole_numbers_have_64_bits(text):
    with pytest.raises(ValueError, match=r"limit|64 bits"):
        parse_json(text)
    with pytest.raises(DocumentError, match=r"limit|64 bits"):
        parse_toml(f"x = {text}")


def test_a_hexadecimal_number_has_64_bits_too():
    with pytest.raises(DocumentError, match="64 bits"):
        parse_toml("x = 0x" + "f" * 20_000)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "[-Infinity]", "1e999"])
def test_json_numbers_are_finite_unless_a_record_may_hold_others(text):
    with pytest.raises(DocumentError, match="finite number"):
        parse_json(text)
    parse_json(text, finite=False)


def test_a_dotted_key_has_few_words():
    assert parse_toml("a.b.c = 1 # a. b. c.") == {"a": {"b": {"c": 1}}}
    with pytest.raises(DocumentError, match="line 2: a key of more than 50 words"):
        parse_toml("b = 1\n" + "a." * 60 + "c = 1")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = " + "[" * 5_000, "nested too deeply"),
        ("seed = " + "9" * 5_000, "digits"),
        ("a." * 20_000 + "b = 1", "a key of more than 50 words"),
        ("# " + "x" * 2**20, "at most 1,048,576 are read"),
        (SMALL + "[resources]\nthreads = 100000", "resources.threads = 100000: must be <= 1024"),
        (SMALL + "[search]\ntrials = 1000000000000", "must be <= 1000000"),
        (SMALL + "[train]\nbatch_size = 1000000000000", "must be <= 1000000"),
        (SMALL.replace('"a"', '"../../.."'), "letters, digits and . _ - only"),
        ('x = "' + "y" * 10_000, "not TOML"),
        ("y" * 1_000_000 + " = 1", "no such key"),
    ],
)
def test_a_hostile_campaign_file_is_refused_with_a_short_message(tmp_path, text, problem):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(CampaignError) as refused:
        load(path)
    assert problem in str(refused.value)
    assert len(str(refused.value)) < 2_000


def test_a_hostile_setting_is_refused(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(SMALL)
    for setting in ("x=" + "[" * 5_000, "a." * 20_000 + "b=1", "seed=" + "9" * 5_000):
        with pytest.raises(CampaignError) as refused:
            load(path, settings=[setting])
        assert len(str(refused.value)) < 2_000
