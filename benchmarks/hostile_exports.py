"""Hostile exports, MLflow stores and command lines."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile_case import DEEP, HUGE, LONG, NAME, OUTSIDE, Case, Sandbox, nested, reproduce, special, zeros


def export(change: Callable[[dict[str, Any]], object]) -> Callable[[Sandbox], list[str]]:
    return lambda box: box.export(change)


def first(change: Callable[[dict[str, Any]], object]) -> Callable[[Sandbox], list[str]]:
    return lambda box: box.export(lambda document: change(document["entries"][0]))


def model(**fields: object) -> Callable[[Sandbox], list[str]]:
    return first(lambda entry: entry["config"]["model"].update(fields))


def other_model(**fields: object) -> Callable[[Sandbox], list[str]]:
    return first(lambda entry: entry["config"].update(model=fields))


def export_file(content: bytes | str, name: str = "export.json") -> Callable[[Sandbox], list[str]]:
    return lambda box: reproduce(box.file(name, content))


def export_text(old: str, new: str) -> Callable[[Sandbox], list[str]]:
    def make(box: Sandbox) -> list[str]:
        text = (box.work / "export.json").read_text()
        return reproduce(box.file("export.json", text.replace(old, new, 1)))

    return make


EXPORTS = [
    ("empty", export_file("")),
    ("a folder", special("export.json", reproduce("export.json"), Path.mkdir)),
    ("a FIFO", special("export.json", reproduce("export.json"), os.mkfifo)),
    ("a link to /dev/zero", special("export.json", reproduce("export.json"), zeros)),
    ("not UTF-8", export_file(b"\xff\xfe{}")),
    ("NUL bytes", export_file(b"\0" * 4096)),
    ("a byte order mark and no entries", export_file(b"\xef\xbb\xbf{}")),
    ("200,000 nested lists", export_file("[" * DEEP + "]" * DEEP)),
    ("900 nested tables", export(lambda document: document.update(extra=nested(900)))),
    ("5,000 nested tables as TOML", export_file("x = " + "{a=" * 5_000 + "1" + "}" * 5_000, "export.toml")),
    ("a number of 5,000 digits", export_text('"rank": 1', f'"rank": {LONG}')),
    ("Infinity as seed", export_text('"seed": 7', '"seed": Infinity')),
    ("NaN as dropout", export_text('"dropout": 0.', '"dropout": NaN, "was": 0.')),
    ("a key twice", export_text('"rank": 1', '"rank": 1, "rank": "one"')),
    ("300 MB of blanks", lambda box: reproduce(box.file("export.json", b"{" + b" " * 300_000_000 + b"}"))),
    ("version 99", export(lambda document: document.update(seqtune_export=99))),
    ("version -1", export(lambda document: document.update(seqtune_export=-1))),
    ("version true", export(lambda document: document.update(seqtune_export=True))),
    ("version 1 without its keys", export(lambda document: document.update(seqtune_export=1, entries=[{"config": None}]))),
    ("an entry without its result", first(lambda entry: entry.pop("result"))),
    ("an entry without its rank", first(lambda entry: entry.pop("rank"))),
    ("an entry that is a list", export(lambda document: document.update(entries=[[1]]))),
    ("the rank twice", export(lambda document: document["entries"][1].update(rank=1))),
    ("the campaign ../../..", first(lambda entry: entry["config"].update(campaign=OUTSIDE))),
    ("a trial's index is -1", first(lambda entry: entry["config"].update(index=-1))),
    ("a trial's index is 10^18", first(lambda entry: entry["config"].update(index=10**18))),
    ("threads = 100000", first(lambda entry: entry["config"]["device"].update(threads=100_000))),
    ("threads = 1000", first(lambda entry: entry["config"]["device"].update(threads=1_000))),
    ("hidden = 10^12", model(hidden=HUGE)),
    ("hidden = 50000", model(hidden=50_000)),
    ("layers = 10^9", model(layers=10**9)),
    ("blocks = 10^9", model(blocks=10**9)),
    ("dilation = 10^18", model(dilation=10**18)),
    ("a transformer with hidden = 10^12 and 7 heads", other_model(family="transformer", hidden=HUGE, heads=7)),
    ("a transformer of 1,000 layers of 30,000", other_model(family="transformer", hidden=30_000, heads=4, layers=1000)),
    ("an LSTM with hidden = 60000", other_model(family="recurrent", cell="lstm", hidden=60_000)),
    ("dense_layers = 10^9", other_model(family="recurrent", dense_layers=10**9)),
    ("a forest of 10^12 trees", other_model(family="random-forest", trees=HUGE)),
    ("10^12 kernels", other_model(family="minirocket", kernels=HUGE)),
    ("batch_size = 10^30", first(lambda entry: entry["config"]["train"].update(batch_size=10**30))),
    ("plateau_patience = 10^400", export_text('"plateau_patience": 2', f'"plateau_patience": 1{"0" * 400}')),
    ("the data set /dev/zero", first(lambda entry: entry["config"]["data"].update(dataset="/dev/zero"))),
    ("the data set /dev/stdin", first(lambda entry: entry["config"]["data"].update(dataset="/dev/stdin"))),
    ("the data set /etc/passwd", first(lambda entry: entry["config"]["data"].update(dataset="/etc/passwd"))),
    ("the data set is a name of 100,000 letters", first(lambda entry: entry["config"]["data"].update(dataset="x" * 100_000 + ".csv"))),
    ("a data set with a NUL in its name", first(lambda entry: entry["config"]["data"].update(dataset="a\0b.csv"))),
    ("the data set ucr/../../x", first(lambda entry: entry["config"]["data"].update(dataset="ucr/../../x"))),
    ("device = cuda", first(lambda entry: entry["config"]["device"].update(device="cuda"))),
    ("an objective for numbers", first(lambda entry: entry["config"]["objective"].update(metric="rmse"))),
    ("an epoch without metrics", first(lambda entry: entry["epochs"][0].update(metrics={}))),
    ("class names of 10 MB", first(lambda entry: entry["data"].update(classes=["x" * 10_000_000, "y"], notes=["n"]))),
    ("a variant's name of 10 MB", export(lambda document: document["data_sha256"].update({"x" * 10_000_000: 3}))),
]  # fmt: skip
"""Most end before training; those that are well-formed are refused when the trial begins."""

TRAINED = ("class names of 10 MB",)
"""Done all the same: what is said is harmless."""


def tag(key: str, value: str | None) -> Callable[[Sandbox], list[str]]:
    return lambda box: box.tag(key, value)


def artifact(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Sandbox], list[str]]:
    return lambda box: box.artifact_json(name, change)


def replaced(name: str, make: Callable[[Path], object]) -> Callable[[Sandbox], list[str]]:
    """Put something else in the place of an artifact."""

    def made(box: Sandbox) -> list[str]:
        path = box.artifact(name)
        path.unlink()
        make(path)
        return box.adopt()

    return made


def no_database(content: bytes) -> Callable[[Sandbox], list[str]]:
    def make(box: Sandbox) -> list[str]:
        arguments = box.adopt()
        box.store.write_bytes(content)
        return arguments

    return make


def folder_as_database(box: Sandbox) -> list[str]:
    arguments = box.adopt()
    box.store.unlink()
    box.store.mkdir()
    return arguments


def named(name: str) -> Callable[[Sandbox], list[str]]:
    return lambda box: ["adopt", name, *box.adopt()[2:]]


def linked_folder(box: Sandbox) -> list[str]:
    folder = box.artifact("trial.json").parent
    shutil.move(folder, box.work / "moved")
    folder.symlink_to("/etc")
    return box.adopt()


STORES = [
    ("campaign.trials = 1000000000", tag("campaign.trials", "1000000000")),
    ("campaign.trials = many", tag("campaign.trials", "many")),
    ("campaign.trials = -5", tag("campaign.trials", "-5")),
    ("campaign.opened_at = nan", tag("campaign.opened_at", "nan")),
    ("campaign.opened_at = once", tag("campaign.opened_at", "once")),
    ("no campaign.id", tag("campaign.id", None)),
    ("trial.index = -1", tag("trial.index", "-1")),
    ("trial.index = 10^18", tag("trial.index", str(10**18))),
    ("trial.index = first", tag("trial.index", "first")),
    ("no trial.index", tag("trial.index", None)),
    ("environment.threads = many", tag("environment.threads", "many")),
    ("environment.packages is a list", tag("environment.packages", "[1]")),
    ("environment.packages is 5,000 nested lists", tag("environment.packages", "[" * 5_000)),
    ("campaign.json of another campaign", artifact("campaign.json", lambda d: d["config"].update(name="other"))),
    ("campaign.json of the campaign ../../..", artifact("campaign.json", lambda d: d["config"].update(name=OUTSIDE))),
    ("campaign.json of 200,000 nested lists", replaced("campaign.json", lambda path: path.write_text("[" * DEEP))),
    ("campaign.json without its data", artifact("campaign.json", lambda d: d.update(data={}))),
    ("campaign.json with 10^12 trials", artifact("campaign.json", lambda d: d["config"]["search"].update(trials=HUGE))),
    ("trial.json of the campaign ../../..", artifact("trial.json", lambda d: d["config"].update(campaign=OUTSIDE))),
    ("trial.json of trial 10^18", artifact("trial.json", lambda d: d["config"].update(index=10**18))),
    ("trial.json with hidden = 10^12", artifact("trial.json", lambda d: d["config"]["model"].update(hidden=HUGE))),
    ("trial.json of 200,000 nested lists", replaced("trial.json", lambda path: path.write_text("[" * DEEP))),
    ("campaign.json is a FIFO", replaced("campaign.json", os.mkfifo)),
    ("artifact_uri = file:///dev", lambda box: box.sql("UPDATE runs SET artifact_uri = 'file:///dev'")),
    ("artifact_uri = nonsense://x", lambda box: box.sql("UPDATE runs SET artifact_uri = 'nonsense://x'")),
    ("artifact_uri with ..", lambda box: box.sql("UPDATE runs SET artifact_uri = artifact_uri || '/../../../../..'")),
    ("no database", no_database(b"no database " * 1000)),
    ("an empty file", no_database(b"")),
    ("a folder as database", folder_as_database),
    ("the name ../../..", named(OUTSIDE)),
    ("the name ' or 1=1", named("' or 1=1")),
]  # fmt: skip

ADOPTED = [
    ("no campaign.trials", tag("campaign.trials", None)),
    ("trial.json that is no UTF-8", replaced("trial.json", lambda path: path.write_bytes(b"\xff\xfe"))),
    ("trial.json of 400 MB", replaced("trial.json", lambda path: path.write_bytes(b" " * 400_000_000))),
    ("trial.json is a link to /etc/passwd", replaced("trial.json", lambda path: path.symlink_to("/etc/passwd"))),
    ("trial.json is a link to /dev/zero", replaced("trial.json", zeros)),
    ("the artifacts' folder is a link to /etc", linked_folder),
    ("weights with other bytes", replaced("weights.safetensors", lambda path: path.write_bytes(b"\x08" + b"\0" * 99))),
    ("weights are a link to /etc/passwd", replaced("weights.safetensors", lambda path: path.symlink_to("/etc/passwd"))),
    ("weights are a FIFO", replaced("weights.safetensors", os.mkfifo)),
    ("weights are a folder", replaced("weights.safetensors", Path.mkdir)),
    ("a dangling link beside the weights", lambda box: ((box.artifact("weights.safetensors").parent / "a").symlink_to("/none"), box.adopt())[1]),
]  # fmt: skip
"""Adopted with a note, without the file; such a trial is trained again."""


def outside_victim(box: Sandbox) -> list[str]:
    shutil.copytree(box.home / "campaigns" / NAME, box.work.parent / "victim")
    return ["delete", "../../../victim", "--yes"]


def campaigns_link(box: Sandbox) -> list[str]:
    shutil.move(box.home / "campaigns" / NAME / "trials", box.work / "trials")
    (box.home / "campaigns" / NAME / "trials").symlink_to("/etc")
    return ["export", NAME, "--out", "out.json"]


ARGUMENTS = [
    ("status ../../..", lambda _: ["status", OUTSIDE], (2,)),
    ("delete of a campaign outside the home", outside_victim, (2,)),
    ("status of a name with a NUL", lambda _: ["status", "a\\0b"], (2,)),
    ("a name of 100,000 letters", lambda _: ["status", "x" * 100_000], (2,)),
    ("compare --factor of 100,000 letters", lambda _: ["compare", NAME, "--factor", "x" * 100_000], (2,)),
    ("export to /dev/full", lambda _: ["export", NAME, "--out", "/dev/full/x.json"], (2,)),
    ("reproduce --rank of 5,000 digits", lambda _: ["reproduce", "export.json", "--rank", LONG], (2,)),
    ("trials is a link to /etc", campaigns_link, (0,)),
]  # fmt: skip


STRANGERS = [
    *(Case(area="export", tried=tried, make=make, codes=(0,) if tried in TRAINED else (2,)) for tried, make in EXPORTS),
    *(Case(area="MLflow store", tried=tried, make=make) for tried, make in STORES),
    *(Case(area="MLflow store", tried=tried, make=make, codes=(0,)) for tried, make in ADOPTED),
    *(Case(area="command line", tried=tried, make=make, codes=codes) for tried, make, codes in ARGUMENTS),
]
