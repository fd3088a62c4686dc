"""Hostile campaign files, journals, exports and MLflow stores."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile_case import CAMPAIGN, NAME, Case, Sandbox, reproduce

DEEP = 200_000
OUTSIDE = "../../.."
HUGE = 10**12
LONG = "9" * 5_000


def launch(name: str, *options: str) -> list[str]:
    return ["launch", name, *options]


def campaign_file(content: bytes | str) -> Callable[[Sandbox], list[str]]:
    return lambda box: launch(box.file("hostile.toml", content))


def campaign(text: str = "", **replaced: str) -> Callable[[Sandbox], list[str]]:
    return lambda box: launch(box.campaign(text, **replaced))


def special(name: str, arguments: list[str], make: Callable[[Path], object]) -> Callable[[Sandbox], list[str]]:
    """Put something that is no file in the place of one."""

    def made(box: Sandbox) -> list[str]:
        path = box.work / name
        path.unlink(missing_ok=True)
        make(path)
        return arguments

    return made


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(levels):
        document = {"a": document}
    return document


FILES = [
    ("empty", campaign_file("")),
    ("a folder", special("hostile.toml", launch("hostile.toml"), Path.mkdir)),
    ("a FIFO, which nobody writes to", special("hostile.toml", launch("hostile.toml"), os.mkfifo)),
    ("a link to /dev/zero", special("hostile.toml", launch("hostile.toml"), zeros)),
    ("not UTF-8", campaign_file(b'name = "\xff\xfe"\n')),
    ("NUL bytes", campaign_file(b'name = "a\0b"\n' + b"\0" * 100)),
    ("5,000 nested lists", campaign_file("x = " + "[" * 5_000 + "]" * 5_000)),
    ("5,000 nested tables", campaign_file("x = " + "{a=" * 5_000 + "1" + "}" * 5_000)),
    ("a key of 20,000 words below space.fix", campaign("[space.fix." + "a." * 20_000 + "b]\nc = 1\n", fix="{}")),
    ("5,000 nested lists in --set", lambda box: launch("good.toml", "--set", "x=" + "[" * 5_000)),
    ("a --set key of 20,000 words", lambda box: launch("good.toml", "--set", "a." * 20_000 + "b=1")),
    ("a seed of 5,000 digits", campaign(seed=LONG)),
    ("a hexadecimal seed of 20,000 digits", campaign(seed="0x" + "f" * 20_000)),
    ("a key twice", campaign("epochs = 2\n")),
    ("60 MB in one line", lambda box: launch(box.campaign("# " + "x" * 60_000_000))),
    ("the name ../../..", campaign(name=f'"{OUTSIDE}"')),
    ("learning_rate = inf", campaign("learning_rate = inf\n")),
    ("threads = 100000", campaign("[resources]\nthreads = 100000\n")),
    ("threads = 1000", campaign("[resources]\nthreads = 1000\n")),
    ("concurrency = 100000", campaign("[resources]\nconcurrency = 100000\n", window="100000")),
    ("concurrency = 100 with threads = 50", campaign("[resources]\nconcurrency = 100\nthreads = 50\n", window="100")),
    ("trials = 10^12", campaign(trials=str(HUGE))),
    ("trials = 10^30", campaign(trials=str(10**30))),
    ("window = 10^18", campaign(window=str(10**18))),
    ("replicates = 10^18", campaign(trials=f"{10**18}\nreplicates = {10**18}")),
    ("max_retries = 10^18", campaign(f"[resources]\nmax_retries = {10**18}\n")),
    ("hidden = 10^12", campaign(fix="{ hidden = 1000000000000 }")),
    ("batch_size = 10^18", campaign(fix=f"{{ hidden = 62, batch_size = {10**18} }}")),
    ("epochs = 10^18", campaign(epochs=str(10**18))),
    ("window = 10^12 of a series", campaign(f"[objective]\nmetric = 'rmse'\n", dataset='"mackey-glass"\nsplit = "chronological"\nwindow = 1000000000000')),
    ("horizon = 10^30", campaign("[objective]\nmetric = 'rmse'\n", dataset=f'"mackey-glass"\nsplit = "chronological"\nhorizon = {10**30}')),
    ("max_rows = 10^30", campaign(dataset=f'"table.csv"\nmax_rows = {10**30}')),
    ("smote_neighbors = 10^18", campaign(dataset=f'"table.csv"\nbalance = "smote"\nsmote_neighbors = {10**18}')),
    ("wall_s = 1e400", campaign("[budget]\nwall_s = 1e400\n")),
]  # fmt: skip


def journal(content: bytes | str, command: str = "status") -> Callable[[Sandbox], list[str]]:
    def make(box: Sandbox) -> list[str]:
        box.journal.write_bytes(content.encode() if isinstance(content, str) else content)
        return [command, NAME]

    return make


def in_place_of_journal(make: Callable[[Path], object]) -> Callable[[Sandbox], list[str]]:
    def made(box: Sandbox) -> list[str]:
        box.journal.unlink()
        make(box.journal)
        return ["status", NAME]

    return made


def event(
    kind: str, change: Callable[[dict[str, Any]], object], *arguments: str, unfinished: bool = False
) -> Callable[[Sandbox], list[str]]:
    def make(box: Sandbox) -> list[str]:
        box.event(kind, change, unfinished=unfinished)
        return list(arguments) or ["status", NAME]

    return make


def appended(fields: dict[str, Any]) -> Callable[[Sandbox], list[str]]:
    def make(box: Sandbox) -> list[str]:
        box.append(fields)
        return ["status", NAME]

    return make


def raw_line(change: Callable[[str], str], number: int = 6, command: str = "status") -> Callable[[Sandbox], list[str]]:
    """Change the text of a line; its checksum matches afterwards."""

    def make(box: Sandbox) -> list[str]:
        from hostile_case import sealed

        lines = box.journal.read_text().splitlines()
        lines[number] = sealed(change(lines[number].partition(',"crc":')[0] + "}")).removesuffix("\n")
        box.journal.write_text("\n".join(lines) + "\n")
        return [command, NAME]

    return make


def outside_campaign(e: dict[str, Any]) -> None:
    e["trial"]["campaign"] = OUTSIDE


LAUNCH = ("launch", "good.toml")
OUT = ("export", NAME, "--out", "out.json")
JOURNALS = [
    ("a trial of the campaign ../../.., unfinished", event("suggestion", outside_campaign, *LAUNCH, unfinished=True)),
    ("a trial of the campaign ../../..", event("suggestion", outside_campaign, *OUT)),
    ("a trial of another campaign", event("suggestion", lambda e: e["trial"].update(campaign="other"))),
    ("the campaign itself is called ../../..", event("campaign", lambda e: e["config"].update(name=OUTSIDE))),
    ("the journal of another campaign", event("campaign", lambda e: e["config"].update(name="other"))),
    ("a trial's index is -1", event("suggestion", lambda e: e["trial"].update(index=-1))),
    ("a trial's index is 10^18", event("suggestion", lambda e: e["trial"].update(index=10**18))),
    ("threads = 100000 in a trial", event("suggestion", lambda e: e["trial"]["device"].update(threads=100_000), *LAUNCH, unfinished=True)),
    ("hidden = 10^12 in a trial", event("suggestion", lambda e: e["trial"]["model"].update(hidden=HUGE), *LAUNCH, unfinished=True)),
    ("a launch of 10^12 trials", event("launch", lambda e: e.update(trials=HUGE))),
    ("a folder", in_place_of_journal(Path.mkdir)),
    ("a FIFO", in_place_of_journal(os.mkfifo)),
    ("a link to /dev/zero", in_place_of_journal(zeros)),
    ("empty", journal("")),
    ("NUL bytes", journal(b"\0" * 4096 + b"\n")),
    ("not UTF-8", journal(b"\xff\xfe{}\n")),
    ("200,000 nested lists", raw_line(lambda line: line[:-1] + ',"x":' + "[" * DEEP + "]" * DEEP + "}")),
    ("a number of 5,000 digits", raw_line(lambda line: line.replace('"trial":0', f'"trial":{LONG}'))),
    ("Infinity as a trial's number", raw_line(lambda line: line.replace('"trial":0', '"trial":Infinity'))),
    ("NaN as time", raw_line(lambda line: line.replace('"at":', '"at":NaN,"was":'))),
    ("NaN as time, no other key", event("epoch", lambda e: e.update(at=float("nan")), "status", NAME, "--events")),
    ("the year 10^300 as time", event("epoch", lambda e: e.update(at=1e300), "status", NAME, "--events")),
    ("a text as time", event("epoch", lambda e: e.update(at="yesterday"))),
    ("a key twice", raw_line(lambda line: line.replace('"trial":0', '"trial":0,"trial":7'))),
    ("a list in place of an event", raw_line(lambda line: "[1, 2]")),
    ("one line of 60 MB", raw_line(lambda line: line[:-1] + ',"x":"' + "x" * 60_000_000 + '"}')),
    ("an event of a trial that was never suggested", event("epoch", lambda e: e.update(trial=77))),
    ("the last event first", event("campaign", lambda e: [e.pop(k) for k in ("id", "config", "dimensions", "data")] and e.update(kind="finish", trials=2))),
    ("a second campaign event", lambda box: appended({k: v for k, v in box.events()[0].items() if k not in ("n", "at", "crc", "journal")})(box)),
    ("an epoch that comes twice", lambda box: appended({k: v for k, v in next(e for e in box.events() if e["kind"] == "epoch").items() if k not in ("n", "at", "crc")})(box)),
    ("a suggestion that comes twice", lambda box: appended({k: v for k, v in next(e for e in box.events() if e["kind"] == "suggestion").items() if k not in ("n", "at", "crc")})(box)),
    ("a version that is a text", event("campaign", lambda e: e.update(journal="two"))),
    ("version 99", event("campaign", lambda e: e.update(journal=99))),
    ("version 1 without its keys", event("campaign", lambda e: [e.update(journal=1), e.pop("config")])),
    ("a trial on data that was not prepared", event("suggestion", lambda e: e["trial"]["data"].update(balance="smote"), *OUT)),
    ("a completed trial without an objective", event("end", lambda e: e["result"].update(objective=None, best_epoch=None), "top", NAME)),
    ("a reused trial of a trial that is not there", event("suggestion", lambda e: e.update(reused=True, same_as=9), *LAUNCH, unfinished=True)),
    ("Infinity as objective", event("end", lambda e: e["result"].update(objective=float("inf")), *OUT)),
    ("a class name of 10 MB", event("campaign", lambda e: e["data"]["raw"].update(classes=["x" * 10_000_000, "y"]), *OUT)),
    ("damaged by a stranger: `repair` of 200,000 nested lists", raw_line(lambda line: line[:-1] + ',"x":' + "[" * DEEP + "]" * DEEP + "}", command="repair")),
]  # fmt: skip


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

DIFFERS = ("an epoch without metrics",)
TRAINED = ("class names of 10 MB",)
"""Well-formed claims that a second training refutes or confirms."""


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
    ("status ../../..", lambda box: ["status", OUTSIDE], (2,)),
    ("delete of a campaign outside the home", outside_victim, (2,)),
    ("status of a name with a NUL", lambda box: ["status", "a\\0b"], (2,)),
    ("a name of 100,000 letters", lambda box: ["status", "x" * 100_000], (2,)),
    ("compare --factor of 100,000 letters", lambda box: ["compare", NAME, "--factor", "x" * 100_000], (2,)),
    ("export to /dev/full", lambda box: ["export", NAME, "--out", "/dev/full/x.json"], (2,)),
    ("reproduce --rank of 5,000 digits", lambda box: ["reproduce", "export.json", "--rank", LONG], (2,)),
    ("trials is a link to /etc", campaigns_link, (0,)),
    ("spaces, with a module json.py in the working directory", lambda box: (box.file("json.py", "1/0"), ["spaces"])[1], (0,)),
]  # fmt: skip


def _codes(tried: str) -> tuple[int, ...]:
    if tried in DIFFERS:
        return (1,)
    return (0,) if tried in TRAINED else (2,)


RECORDS = [
    *(Case(area="campaign file", tried=tried, make=make) for tried, make in FILES),
    Case(
        area="campaign file",
        tried="a byte order mark",
        make=lambda box: launch(box.file("bom.toml", b"\xef\xbb\xbf" + CAMPAIGN.encode())),
        codes=(0,),
    ),
    *(Case(area="journal", tried=tried, make=make) for tried, make in JOURNALS),
    *(Case(area="export", tried=tried, make=make, codes=_codes(tried)) for tried, make in EXPORTS),
    *(Case(area="MLflow store", tried=tried, make=make) for tried, make in STORES),
    *(Case(area="MLflow store", tried=tried, make=make, codes=(0,)) for tried, make in ADOPTED),
    *(Case(area="command line", tried=tried, make=make, codes=codes) for tried, make, codes in ARGUMENTS),
]
