import contextlib
import errno
import fcntl
import json
import math
import os
import zlib
from pathlib import Path

import pytest
from factories import campaign
from journals import ENVIRONMENT, report

from tuning.campaign.errors import JournalError, StoreError
from tuning.journal.events import EpochEnded, Finished, Interrupted, Launched, Opened, Retried, Started
from tuning.journal.lines import Entry, encode, entry_of, fields_of, read_encoded
from tuning.journal.log import Journal, read, repair
from tuning.journal.upgrade import VERSION


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "campaigns" / "tiny" / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(Opened(config=campaign(), dimensions={}, data={}))
        journal.append(Launched(environment=ENVIRONMENT, trials=4))
        journal.append(Retried(trial=0, reason='a "quoted" reason, with\nan end of line and ü'))
    return path


def test_what_is_read_is_what_was_written(path):
    kinds = [entry.event.kind for entry in read(path)]
    assert kinds == ["campaign", "launch", "retry"]
    assert b"".join(map(encode, read(path))) == path.read_bytes()


def test_every_line_is_json_that_a_person_can_read(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["n"] for row in rows] == [0, 1, 2]
    assert rows[0]["journal"] == 2
    assert rows[0]["config"]["name"] == "tiny"


RECORDED = sorted((Path(__file__).parent.parent / "recorded").glob("*.jsonl"))


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_the_quick_way_reads_every_line_as_the_other_does(recorded):
    lines = [encode(entry).removesuffix(b"\n") for entry in read(recorded)]
    quick = [read_encoded(line, n) for n, line in enumerate(lines)]
    slow = [entry_of(fields_of(line, recorded, n), recorded, n, VERSION) for n, line in enumerate(lines, start=1)]
    assert quick == [None, *slow[1:]]  # the first has the version


@pytest.mark.parametrize("reason", ["NaN \ud800", "ü\n", "[" * 100, "0" * 30, ": 12345678901234567890"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -0.0, 5e-324, 1e300, 0.1 + 0.2, 1e-7])
def test_any_line_that_was_written_is_read(path, reason, number):
    epoch = EpochEnded(trial=0, report=report(1, 0.5, seconds=number))
    with Journal(path) as journal:
        journal.append(epoch)
        journal.append(Retried(trial=0, reason=reason))
    entries = read(path)
    assert repr(entries[3].event) == repr(epoch)
    assert entries[4].event.reason == reason


@pytest.mark.parametrize("at", ["1e3", "-1.0", "nan", "1_0.0", "253402300800.0", "5", "1.0 ", ""])
def test_a_time_of_another_form_takes_the_usual_way(at):
    body = f'{{"n":1,"at":{at},"kind":"finish","trials":1'
    assert read_encoded(f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}'.encode(), 1) is None
    good = encode(Entry(1, 1000.5, Finished(trials=1))).removesuffix(b"\n")
    assert read_encoded(good, 1) == Entry(1, 1000.5, Finished(trials=1))
    assert read_encoded(good, 2) is None


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_last_line_is_cut_off_and_writing_goes_on(path, cut):
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert len(read(path)) == 2
    with Journal(path) as journal:
        journal.append(Interrupted(reason="again"))
    assert [entry.event.kind for entry in read(path)] == ["campaign", "launch", "interruption"]


@pytest.mark.parametrize("damage", [b"0", b"{", b"\xff"])
def test_damage_in_the_middle_is_named_with_its_line(path, damage):
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1][:30] + damage + lines[1][31:]
    path.write_bytes(b"".join(lines))
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"journal\.jsonl, line 2: .*repair NAME"):
        Journal(path)
    assert path.read_bytes() == before


def test_a_missing_line_is_named(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(JournalError, match="line 2: event 2 where event 1 was expected"):
        read(path)


def test_a_journal_of_a_newer_version_is_refused(path, monkeypatch):
    monkeypatch.setattr("tuning.journal.lines.VERSION", 99)
    newer = path.with_name("newer.jsonl")
    newer.write_bytes(b"".join(map(encode, read(path))))
    monkeypatch.undo()
    with pytest.raises(JournalError, match=r"version 99; this seqtune reads up to 2"):
        read(newer)


def test_a_full_disk_is_an_error_that_says_what_to_do():
    class Full(Journal):
        """A journal on /dev/full, the device that takes nothing."""

        def __init__(self):
            self.path, self.entries, self._size = Path("/dev/full"), [], 0
            self._file = open("/dev/full", "wb", buffering=0)  # noqa: PTH123, SIM115 - a device, closed below

    with Full() as journal, pytest.raises(StoreError, match=r"No space left.*free some space and launch it again"):
        journal.append(Finished(trials=1))


def test_a_write_that_stops_half_way_is_taken_back(path, monkeypatch):
    before = path.read_bytes()
    with Journal(path) as journal:
        sync = os.fsync

        def full(_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            journal.append(Finished(trials=4))
        monkeypatch.setattr(os, "fsync", sync)
        assert path.read_bytes() == before
        journal.append(Finished(trials=4))
    assert [entry.n for entry in read(path)] == [0, 1, 2, 3]


def test_a_flip_of_any_byte_is_refused_or_changes_nothing(path):
    sound, entries = path.read_bytes(), read(path)
    changed = []
    for place in range(len(sound)):
        for bit in (0, 2, 5):
            damaged = bytearray(sound)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            with contextlib.suppress(JournalError):
                if read(path) != entries:
                    changed.append((place, bit))
    assert changed == []


def test_a_torn_tail_is_kept_beside_the_journal(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    with Journal(path):
        pass
    assert path.with_suffix(".torn").read_bytes() == whole.splitlines(keepends=True)[-1][:-7]


def test_a_second_writer_is_refused_even_without_the_campaigns_lock(path):
    with Journal(path), pytest.raises(StoreError, match="is being written by another process"):
        Journal(path)


def test_a_journal_is_read_after_it_is_locked(path, monkeypatch):
    late = Started(trial=0, attempt=1, from_epoch=0)
    lock = fcntl.flock

    def another_writer_ends_just_before(file, how):
        with path.open("ab") as other:
            other.write(encode(Entry(3, 1.5, late)))
        lock(file, how)

    monkeypatch.setattr("fcntl.flock", another_writer_ends_just_before)
    with Journal(path) as journal:
        assert journal.entries[-1].event == late
    assert read(path)[-1].event == late


def test_repair_keeps_the_lines_before_the_damage_and_the_damaged_file(path):
    sound = path.read_bytes()
    lines = sound.splitlines(keepends=True)
    damaged = lines[0] + lines[1].replace(b'"trials":4', b'"trials":5') + lines[2]
    path.write_bytes(damaged)
    done = repair(path)
    assert (done.kept, done.lines) == (1, 3)
    assert "line 2: damaged" in done.problem
    assert path.read_bytes() == lines[0]
    assert path.with_suffix(".damaged").read_bytes() == damaged
    assert repair(path) is None


def test_a_journal_without_a_sound_line_is_not_emptied(path):
    path.write_bytes(b"nothing\nsound\n")
    with pytest.raises(JournalError, match="No line before it is sound"):
        repair(path)
    assert path.read_bytes() == b"nothing\nsound\n"
