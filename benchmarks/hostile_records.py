"""Hostile campaign files and journals."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile_case import CAMPAIGN, DEEP, HUGE, LONG, NAME, OUTSIDE, Case, Sandbox, sealed, special, zeros

TRIAL = re.compile(r'"trial":\d+')


def launch(name: str, *options: str) -> list[str]:
    return ["launch", name, *options]


def campaign_file(content: bytes | str) -> Callable[[Sandbox], list[str]]:
    return lambda box: launch(box.file("hostile.toml", content))


def campaign(text: str = "", **replaced: str) -> Callable[[Sandbox], list[str]]:
    return lambda box: launch(box.campaign(text, **replaced))


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
    ("5,000 nested lists in --set", lambda _box: launch("good.toml", "--set", "x=" + "[" * 5_000)),
    ("a --set key of 20,000 words", lambda _box: launch("good.toml", "--set", "a." * 20_000 + "b=1")),
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
    ("window = 10^12 of a series", campaign("[objective]\nmetric = 'rmse'\n", dataset='"mackey-glass"\nsplit = "chronological"\nwindow = 1000000000000')),
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
    ("a number of 5,000 digits", raw_line(lambda line: TRIAL.sub(f'"trial":{LONG}', line))),
    ("Infinity as a trial's number", raw_line(lambda line: TRIAL.sub('"trial":Infinity', line))),
    ("NaN as time", raw_line(lambda line: line.replace('"at":', '"at":NaN,"was":'))),
    ("NaN as time, no other key", event("epoch", lambda e: e.update(at=float("nan")), "status", NAME, "--events")),
    ("the year 10^300 as time", event("epoch", lambda e: e.update(at=1e300), "status", NAME, "--events")),
    ("a text as time", event("epoch", lambda e: e.update(at="yesterday"))),
    ("a key twice", raw_line(lambda line: TRIAL.sub('"trial":0,"trial":7', line))),
    ("a list in place of an event", raw_line(lambda _line: "[1, 2]")),
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
    ("`repair` of 200,000 nested lists", raw_line(lambda line: line[:-1] + ',"x":' + "[" * DEEP + "]" * DEEP + "}", command="repair")),
]  # fmt: skip

HARMLESS = ("a class name of 10 MB", "`repair` of 200,000 nested lists")
"""Done all the same: what is said is harmless, or what is damaged is cut off."""

RECORDS = [
    *(Case(area="campaign file", tried=tried, make=make) for tried, make in FILES),
    Case(
        area="campaign file",
        tried="a byte order mark",
        make=lambda box: launch(box.file("bom.toml", b"\xef\xbb\xbf" + CAMPAIGN.encode())),
        codes=(0,),
    ),
    *(
        Case(area="journal", tried=tried, make=make, codes=(0,) if tried in HARMLESS else (2,))
        for tried, make in JOURNALS
    ),
]
