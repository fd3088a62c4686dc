"""Texts become tokens of the training part's words alone; equal texts are in one part; every fault is one message."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from data_factories import config, write_csv, write_parquet
from hypothesis import given
from hypothesis import strategies as st

from data.arrays import Part
from data.catalogue import resolve
from data.config import DataOptions, TextRule
from data.datasets.airline import AIRLINE
from data.errors import DataError
from data.new_rows import read_rows
from data.preparation import Preparation
from data.prepare import Prepared, prepare
from data.prepared import open_arrays, open_test
from data.texts import FIRST, UNKNOWN, Texts, Vocabulary, encode, fit, texts


def as_texts(*raw: str) -> Texts:
    return texts(raw, np.zeros(len(raw), dtype=np.int64), "t.csv")


def table(rows: int = 60) -> dict[str, list]:
    """Every text is different; a word of its own each, ``w<row>``, and words of its class."""
    kinds = ["sport", "tech", "art"]
    return {
        "text": [f"{kinds[row % 3]} news of w{row} today" for row in range(rows)],
        "label": [kinds[row % 3] for row in range(rows)],
    }


def prepared(path: Path, tmp_path: Path, **changes) -> Prepared:
    return prepare(config(str(path), text="text", **changes), datasets=None, store=tmp_path / "store")


def parts_of(ready: Prepared) -> dict[str, Part]:
    arrays = open_arrays(ready.directory)
    return {"train": arrays.train, "valid": arrays.valid, "test": open_test(ready.directory)}


def test_words_are_lower_case_runs_of_letters_and_digits_even_of_one_letter():
    assert as_texts("I can't fly -- @United #4U!").words == ("i can t fly united 4u",)


def test_decomposed_letters_are_composed_and_composed_ones_stay():
    composed = "Über Größe, naïve ﬁn x²"
    decomposed = unicodedata.normalize("NFD", composed)
    assert decomposed != composed
    assert as_texts(decomposed).words == as_texts(composed).words == ("über größe naïve ﬁn x²",)


def test_frequent_words_come_first_and_ties_in_the_order_of_code_points():
    rows = as_texts("b a c c", "z z z é", "unseen unseen unseen unseen")
    vocabulary, different = fit(rows, np.array([0, 1]), size=4)
    assert vocabulary.words == ("z", "c", "a", "b")
    assert different == 5


def test_a_word_outside_the_vocabulary_is_the_unknown_token_and_padding_is_zero():
    part = Vocabulary(words=("a", "b")).encode(as_texts("b x a", "a"), steps=4)
    assert part.x[:, :, 0].tolist() == [[3, UNKNOWN, 2, 0], [2, 0, 0, 0]]
    assert part.x.dtype == np.int32
    assert part.lengths.tolist() == [3, 1]


@given(st.lists(st.text(alphabet="ab c", min_size=1).filter(str.strip), min_size=1, max_size=5), st.integers(1, 6))
def test_a_text_is_its_first_words(raw, steps):
    rows = as_texts(*raw)
    vocabulary, _ = fit(rows, np.arange(len(raw)), size=100)
    part = vocabulary.encode(rows, steps)
    for row, text in enumerate(raw):
        decoded = [vocabulary.words[token - FIRST] for token in part.x[row, : part.lengths[row], 0]]
        assert decoded == text.split()[:steps]


KERAS = TextRule(truncate="front", unknown="drop")


def rows_of(vocabulary: Vocabulary, steps: int, *raw: str) -> list[list[int]]:
    part = vocabulary.encode(as_texts(*raw), steps)
    assert (part.x[:, :, 0] != 0).sum(axis=1).tolist() == part.lengths.tolist()
    return [row[:length] for row, length in zip(part.x[:, :, 0].tolist(), part.lengths.tolist(), strict=True)]


def test_a_rule_chooses_the_words_of_a_text():
    def chosen(truncate: str, unknown: str) -> list[int]:
        rule = TextRule.model_validate({"truncate": truncate, "unknown": unknown})
        return rows_of(Vocabulary(words=("a", "b"), rule=rule), 3, "a x b a y b")[0]

    assert chosen("back", "token") == [2, UNKNOWN, 3]
    assert chosen("front", "token") == [2, UNKNOWN, 3]
    assert chosen("back", "drop") == [2, 3, 2]
    assert chosen("front", "drop") == [3, 2, 3]


def test_short_texts_are_whole_and_one_without_a_known_word_keeps_the_unknown_token():
    vocabulary = Vocabulary(words=("a", "b"), rule=KERAS)
    assert rows_of(vocabulary, 3, "x b", "x y z w v") == [[3], [UNKNOWN]]
    assert vocabulary.lengths(as_texts("x b", "x y z w v", "a b a b")).tolist() == [1, 1, 4]


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), st.integers(1, 6))
def test_keras_s_conventions(words, steps):
    # As texts_to_sequences without an oov_token, then pad_sequences with truncating="pre", write them.
    known = [word for word in words if word in "ab"]
    expected = [{"a": 2, "b": 3}[word] for word in known][-steps:] or [UNKNOWN]
    assert rows_of(Vocabulary(words=("a", "b"), rule=KERAS), steps, " ".join(words)) == [expected]


def test_new_texts_are_encoded_by_the_rule_of_the_training_texts(tmp_path):
    path = write_csv(tmp_path / "t.csv", table())
    ready = prepared(path, tmp_path, truncate="front", unknown="drop", vocabulary=5, max_length=2)
    assert ready.manifest.rule == KERAS
    kept = Preparation.model_validate_json(Preparation.of(ready.manifest).text())
    assert kept.rule == KERAS
    new = read_rows(path, DataOptions(dataset=str(path), text="text"), kept, labelled=True).part
    encoded = np.concatenate([part.x for part in parts_of(ready).values()])
    assert sorted(new.x[:, :, 0].tolist()) == sorted(encoded[:, :, 0].tolist())


def test_the_default_rule_leaves_keys_hashes_and_files_as_they_were(tmp_path):
    path = write_csv(tmp_path / "t.csv", table())
    ready = prepared(path, tmp_path)
    assert ready.sha256 == "ba1e7f07f079673119010682c93d3859b33b9a68db780b8c941a798476810328"
    assert ready.directory.name == "raw-821eed065e29987da4c00345"
    assert "rule" not in (ready.directory / "manifest.json").read_text(encoding="utf-8")
    assert "rule" not in Preparation.of(ready.manifest).text()


def test_a_word_that_occurs_in_validation_or_test_alone_is_unknown(tmp_path):
    ready = prepared(write_csv(tmp_path / "t.csv", table()), tmp_path)
    parts = parts_of(ready)
    own = [word for word in ready.manifest.words if word.startswith("w")]
    assert len(own) == len(parts["train"].y)
    assert all((part.x[:, 3, 0] == UNKNOWN).all() for name, part in parts.items() if name != "train")
    assert (parts["train"].x[:, 3, 0] != UNKNOWN).all()


def test_no_text_is_in_two_parts_however_it_is_written(tmp_path):
    rows = table()
    loud = {"text": [f"  {text.upper()}!" for text in rows["text"]], "label": rows["label"]}
    twice = {name: rows[name] + loud[name] for name in rows}
    ready = prepared(write_csv(tmp_path / "t.csv", twice), tmp_path)
    assert ready.manifest.notes[0] == "60 of 120 rows equal an earlier one; dropped (data.duplicates)."
    assert [len(part.y) for part in parts_of(ready).values()] == [36, 12, 12]


def test_a_decomposed_text_is_a_duplicate_and_composed_ones_keep_their_bits(tmp_path):
    rows = table()
    rows["text"] = [text.replace("of", "über") for text in rows["text"]]
    before = prepared(write_csv(tmp_path / "t.csv", rows), tmp_path)
    assert before.sha256 == "3796ecc87f545cb851585c282b844335f1f0d443c278f7302ad84e241b4b1f7e"
    twice = {**rows, "text": rows["text"] + [unicodedata.normalize("NFD", text) for text in rows["text"]]}
    twice["label"] = rows["label"] * 2
    ready = prepared(write_csv(tmp_path / "twice.csv", twice), tmp_path)
    assert ready.manifest.notes[0] == "60 of 120 rows equal an earlier one; dropped (data.duplicates)."
    assert ready.sha256 == before.sha256


def test_a_text_with_two_classes_is_noted(tmp_path):
    rows = table()
    twice = {"text": [*rows["text"], rows["text"][0]], "label": [*rows["label"], "tech"]}
    notes = prepared(write_csv(tmp_path / "t.csv", twice), tmp_path).manifest.notes
    assert "1 text occurs with more than one class." in notes


def test_arrays_know_how_many_tokens_there_are_and_the_words_stay(tmp_path):
    ready = prepared(write_csv(tmp_path / "t.csv", table()), tmp_path, vocabulary=5)
    assert ready.manifest.words[:3] == ("news", "of", "today")
    arrays = open_arrays(ready.directory)
    assert arrays.tokens == 7
    assert int(arrays.train.x.max()) == 6


def test_a_vocabulary_larger_than_the_training_words_is_noted_with_both_numbers(tmp_path):
    ready = prepared(write_csv(tmp_path / "t.csv", table()), tmp_path, vocabulary=1000)
    words = 36 + 3 + 3
    (note,) = ready.manifest.notes
    assert note.startswith(f"the training texts have {words} different words, fewer than data.vocabulary = 1,000: ")
    assert open_arrays(ready.directory).tokens == words + 2


def test_longer_texts_are_cut_and_counted(tmp_path):
    ready = prepared(write_csv(tmp_path / "t.csv", table()), tmp_path, max_length=3, vocabulary=5)
    assert open_arrays(ready.directory).steps == 3
    assert ready.manifest.notes[0] == (
        "60 of 60 texts are longer than data.max_length = 3 words (up to 5); their first 3 are kept."
    )


def test_there_are_no_more_steps_than_the_longest_text_has_words(tmp_path):
    assert open_arrays(prepared(write_csv(tmp_path / "t.csv", table()), tmp_path).directory).steps == 5


def test_an_official_test_part_is_encoded_with_the_training_words(tmp_path):
    path = write_csv(tmp_path / "t.csv", table())
    test = write_csv(tmp_path / "test.csv", {"text": ["news newword"], "label": ["art"]})
    ready = prepared(path, tmp_path, test=str(test))
    news = ready.manifest.words.index("news") + FIRST
    assert open_test(ready.directory).x[0, :, 0].tolist() == [news, UNKNOWN, 0, 0, 0]


def test_csv_and_parquet_give_the_same_hash_and_line_breaks_stay_in_a_text(tmp_path):
    rows = table()
    rows["text"] = [f"{text}\nmore" for text in rows["text"]]
    quoted = {"text": [f'"{text}"' for text in rows["text"]], "label": rows["label"]}
    one = prepared(write_csv(tmp_path / "t.csv", quoted), tmp_path)
    other = prepared(write_parquet(tmp_path / "t.parquet", rows), tmp_path)
    assert one.sha256 == other.sha256
    assert "more" in one.manifest.words


def test_other_words_with_the_same_tokens_are_another_hash(tmp_path):
    rows = table()
    other = {"text": [text.replace("news", "newt") for text in rows["text"]], "label": rows["label"]}
    one = prepared(write_csv(tmp_path / "a.csv", rows), tmp_path)
    two = prepared(write_csv(tmp_path / "b.csv", other), tmp_path)
    assert one.manifest.arrays == two.manifest.arrays
    assert one.sha256 != two.sha256


@pytest.mark.parametrize("change", [{"window": 3}, {"horizon": 2}, {"smote_neighbors": 2}])
def test_an_option_that_texts_do_not_look_at_changes_nothing(tmp_path, change):
    path = write_csv(tmp_path / "t.csv", table())
    prepared(path, tmp_path)
    assert prepared(path, tmp_path, **change).reused


@pytest.mark.parametrize(
    "change",
    [
        {"vocabulary": 4},
        {"max_length": 2},
        {"truncate": "front", "max_length": 2},
        {"unknown": "drop", "vocabulary": 4},
    ],
)
def test_another_vocabulary_or_length_is_another_hash(tmp_path, change):
    path = write_csv(tmp_path / "t.csv", table())
    assert prepared(path, tmp_path).sha256 != prepared(path, tmp_path, **change).sha256


def test_oversampling_keeps_tokens_and_words(tmp_path):
    rows = table(90)
    rows = {name: values[:60] + [v for v, label in zip(values, rows["label"], strict=True) if label == "art"][20:]
            for name, values in rows.items()}  # fmt: skip
    path = write_csv(tmp_path / "t.csv", rows)
    raw, over = (prepared(path, tmp_path, balance=balance) for balance in ("raw", "oversample"))
    assert over.manifest.words == raw.manifest.words
    assert open_arrays(over.directory).tokens == open_arrays(raw.directory).tokens
    assert len(set(over.manifest.counts.epoch.values())) == 1


def test_smote_on_tokens_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(DataError, match=r'tokens of words cannot be interpolated. Use balance = "oversample"'):
        prepared(tmp_path / "not-there.csv", tmp_path, balance="smote")


@pytest.mark.parametrize("empty", ["", "!? --", "   "])
def test_an_empty_text_names_its_row(tmp_path, empty):
    rows = table()
    rows["text"][4] = empty
    with pytest.raises(DataError, match=r"t\.csv: row 5 has an empty text, .*it has no word \(1 such rows"):
        prepared(write_csv(tmp_path / "t.csv", rows), tmp_path)


def test_a_missing_text_of_a_parquet_file_names_its_row(tmp_path):
    rows = table()
    rows["text"][2] = None
    with pytest.raises(DataError, match=r"t\.parquet: row 3 has an empty text, None"):
        prepared(write_parquet(tmp_path / "t.parquet", rows), tmp_path)


def test_a_missing_text_column_lists_the_columns(tmp_path):
    path = write_csv(tmp_path / "t.csv", table())
    with pytest.raises(DataError, match=r"data\.text = 'texts': no such column\. Columns: text, label\. Did you mean"):
        prepare(config(str(path), text="texts"), datasets=None, store=tmp_path)


def test_a_text_column_of_numbers_is_refused(tmp_path):
    path = write_parquet(tmp_path / "t.parquet", {"text": [1, 2], "label": ["a", "b"]})
    with pytest.raises(DataError, match=r"column 'text' holds int64, needs text"):
        prepared(path, tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dataset": "t.npz", "text": "text"}, r"data\.text: an \.npz file has no columns"),
        ({"dataset": "t.csv", "text": "text", "target": "y"}, "not both"),
        ({"dataset": "bbc", "group": "user"}, r"data\.group: bbc has its own columns"),
        ({"dataset": "airline", "text": "negativereason"}, r"data\.text: airline has its own columns"),
        ({"dataset": "bbc", "split": "chronological"}, r'not for bbc: use split = "stratified" or split = "grouped"'),
    ],
)
def test_unsuitable_options_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        resolve(DataOptions(**options))


def test_columns_that_give_the_label_away_are_not_read(tmp_path):
    path = tmp_path / "Tweets.csv"
    rows = {"text": ["late again", "thank you"], "airline_sentiment": ["negative", "positive"]}
    write_csv(path, {**rows, "negativereason": ["Late Flight", ""], "negativereason_confidence": ["1.0", ""]})
    loaded = AIRLINE.load(DataOptions(dataset="airline"), (path,))
    assert loaded.rows.words == ("late again", "thank you")
    assert loaded.rows.y.tolist() == [0, 2]


def test_texts_of_the_official_parts_are_not_mixed_up():
    rows, tested = as_texts("a b", "c"), as_texts("b")
    _, part, words, _ = encode(
        rows, tested, train=np.array([0]), used=np.arange(2), options=DataOptions(dataset="t.csv", vocabulary=9)
    )
    assert words == ("a", "b")
    assert part.x[:, :, 0].tolist() == [[3, 0]]


@pytest.mark.datasets
def test_real_articles_are_distinct_word_by_word_over_all_parts(datasets, tmp_path):
    """The data's README counts 99 equal raw texts; 103 are equal word by word."""
    chosen = config("bbc", valid_fraction=0.15, test_fraction=0.15)
    ready = prepare(chosen, datasets=datasets, store=tmp_path)
    assert [len(part.y) for part in parts_of(ready).values()] == [1484, 319, 319]
    assert ready.manifest.notes[:2] == (
        "103 of 2,225 rows equal an earlier one; dropped (data.duplicates).",
        "2,121 of 2,122 texts are longer than data.max_length = 100 words (up to 4,491); their first 100 are kept.",
    )
    assert [note.partition(" (")[0] for note in ready.manifest.notes[2:]] == [
        "4 of 319 validation texts have the tokens of a training text",
        "3 of 319 test texts have the tokens of a training text",
    ]
    assert open_arrays(ready.directory).tokens == 5002


@pytest.mark.datasets
def test_real_tweets_are_distinct_over_all_parts(datasets, tmp_path):
    """The data's README counts 213 equal raw texts, 25 of more than one class; word by word there are more."""
    ready = prepare(config("airline", max_length=30), datasets=datasets, store=tmp_path)
    assert [len(part.y) for part in parts_of(ready).values()] == [8610, 2870, 2871]
    assert ready.manifest.notes[:2] == (
        "289 of 14,640 rows equal an earlier one; dropped (data.duplicates).",
        "30 texts occur with more than one class.",
    )
    assert open_arrays(ready.directory).class_names == ("negative", "neutral", "positive")


@pytest.mark.datasets
def test_real_words_of_the_test_part_alone_are_unknown(datasets, tmp_path):
    chosen = config("bbc", vocabulary=100_000, max_length=100_000)
    ready = prepare(chosen, datasets=datasets, store=tmp_path)
    data_set = resolve(chosen)
    rows = data_set.load(chosen, data_set.find(chosen, datasets)).rows
    known = set(ready.manifest.words)
    test = open_test(ready.directory)
    tokens = {word: number for number, word in enumerate(ready.manifest.words, start=FIRST)}
    encoded = {tuple(test.x[row, : test.lengths[row], 0].tolist()) for row in range(len(test.y))}
    found = [words.split() for words in rows.words if tuple(tokens.get(w, UNKNOWN) for w in words.split()) in encoded]
    assert len(found) >= len(test.y)
    assert any(word not in known for words in found for word in words)


def test_texts_that_are_equal_once_encoded_are_counted(tmp_path):
    path = write_csv(tmp_path / "t.csv", table())
    apart = [note for note in prepared(path, tmp_path).manifest.notes if "tokens" in note]
    assert apart == []
    ready = prepared(path, tmp_path, vocabulary=6)  # no text has a word of its own any more
    parts = parts_of(ready)
    notes = " ".join(ready.manifest.notes)
    for name, part in (("validation", parts["valid"]), ("test", parts["test"])):
        assert f"{len(part.y)} of {len(part.y)} {name} texts have the tokens of a training text" in notes
