"""The description of a prepared directory, and its two identifiers: its key and the hash of its content."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from data.arrays import Counts, Scale
from data.config import DataConfig, Kind, TextRule
from data.files import SourceFile
from data.scaling import Scaling

FORMAT = 2
"""Increased by one whenever the same DataConfig and files give other arrays (or other synthetic rows).

2: until then raw arrays that were prepared for a balanced variant first had that variant's order of rows."""
MANIFEST = "manifest.json"
"""Written last into a prepared directory: names, counts and hashes of the .npy files beside it."""
CHECKSUM = "checksum"
"""The key under which the file has the hash of all its others."""
TRAINING = ("train_x", "train_lengths", "train_y", "valid_x", "valid_lengths", "valid_y", "order", "class_weights")
TEST = ("test_x", "test_lengths", "test_y")
GROUPS = ("test_groups",)
"""The group of each test row, where parts consist of complete groups; no trial depends on it."""


class ArrayFile(BaseModel):
    """One .npy file.  sha256: over type, shape and values, not over the file; bytes: the file's size."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """A prepared directory.

    sha256: identity of a trial's arrays, equal on every machine; test_sha256: of the test part.  notes: warnings for
    the user, printed with the results.  versions: of the libraries that prepared the arrays.  words, tokens, rule: of a
    vocabulary (``data.texts``), for encoding new texts.  scaling: of the channels (``data.scaling``), for scaling new
    rows; None where they are not scaled.  scale: mean and standard deviation of the target (``data.series``).
    inputs, target: columns that new rows are read from; empty and None in older directories.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    sha256: str
    test_sha256: str
    class_names: tuple[str, ...]
    steps: int
    channels: int
    counts: Counts
    notes: tuple[str, ...]
    sources: tuple[SourceFile, ...]
    seconds: float
    versions: dict[str, str]
    arrays: dict[str, ArrayFile]
    tokens: int | None = None
    words: tuple[str, ...] = ()
    rule: TextRule = Field(default=TextRule(), exclude_if=lambda rule: rule == TextRule())
    scale: Scale | None = None
    scaling: Scaling | None = None
    inputs: tuple[str, ...] = ()
    target: str | None = None

    @classmethod
    def read(cls, directory: Path) -> "Manifest | None":
        """Return a directory's manifest, or None where there is no undamaged one."""
        try:
            content = json.loads((directory / MANIFEST).read_bytes())
            if content.pop(CHECKSUM) != _sha256(content):
                return None
            return cls.model_validate(content)
        except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return None

    def write(self, directory: Path) -> None:
        """Write it; the last file of a directory."""
        content = self.model_dump(mode="json")
        text = json.dumps(content | {CHECKSUM: _sha256(content)}, indent=2)
        (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")


OPTIONAL = ("sequence", "time", "channels", "classes", "segment", "folds", "fold")
"""Fields that are left out of keys where they are unset: keys of earlier versions do not have them."""


def key(
    config: DataConfig, sources: Iterable[SourceFile], *, kind: Kind, catalogued: bool, code: str | None = None
) -> str:
    """Return the hash of everything that the prepared arrays and notes depend on, known before any data are loaded.

    A table is identified by its content, not by its path.  Fields that are inactive for a balance, a kind of data or
    the catalogue's data sets are left out.  code: hash of the user's file that defines the data set, or None.
    """
    unused = {
        "dataset": not catalogued,
        **dict.fromkeys(("ignore", "columns"), catalogued),
        "test": True,  # its content is among the sources
        "balance_seed": config.balance not in {"oversample", "semi-oversample", "smote"},
        "smote_neighbors": config.balance != "smote",
        "majority_kept": config.balance != "semi-oversample",
        **dict.fromkeys(("text", "vocabulary", "max_length"), kind != "texts"),
        **dict.fromkeys(("target", "window", "horizon"), kind != "series"),
        **dict.fromkeys(("split_seed", "duplicates"), kind == "series"),
        **dict.fromkeys(("truncate", "unknown"), kind != "texts" or config.text_rule == TextRule()),
        "scale": config.scale is None or kind == "texts",
        "valid_fraction": config.folds is not None,
        **{name: not getattr(config, name) for name in OPTIONAL},
        "splits": True,  # the r-th split is the same of however many
    }
    used = config.model_dump(mode="json", exclude={name for name, leave_out in unused.items() if leave_out})
    defined = {} if code is None else {"code": code}
    return _sha256({"format": FORMAT, "config": used, "sources": [source.sha256 for source in sources], **defined})


def identity(
    class_names: tuple[str, ...],
    arrays: Mapping[str, ArrayFile],
    names: Iterable[str],
    *,
    words: tuple[str, ...] = (),
    rule: TextRule | None = None,
    scale: Scale | None = None,
    scaling: Scaling | None = None,
) -> str:
    """Return the hash of the class names and the named arrays' content: no path, no time, no library version.

    words, rule, scale, scaling: the meaning of tokens, of standardised targets and of scaled channels; arrays without
    them, texts by the default rule and the standardised inputs of a series keep the hash of earlier versions.
    """
    meaning: dict[str, object] = {
        **({"words": words} if words else {}),
        **({"rule": rule.model_dump()} if rule is not None and rule != TextRule() else {}),
        **({"scale": [scale.mean, scale.std]} if scale else {}),
    }
    if scaling is not None and (scale is None or scaling.method != "standard"):
        meaning["scaling"] = scaling.model_dump(mode="json", exclude={"channels"})
    content = {name: arrays[name].sha256 for name in names if name in arrays}
    return _sha256({"classes": class_names, "arrays": content, **meaning})


def _sha256(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
