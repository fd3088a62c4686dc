"""Hostile inputs: files by strangers, each met by the command that reads it, in a process of its own.

    python benchmarks/hostile_inputs.py                all rows, as a Markdown table
    python benchmarks/hostile_inputs.py --only NPZ     the rows with this word

A row fails where the command shows a traceback, dies of a signal, ends with another exit code than it should, changes
a file outside its home, adds a campaign although it refused, prints more than a screen, takes more memory beyond what
the same command takes on a good file, or too long.  Ends with 1 if a row fails.
"""

import argparse
import html
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hostile_case import CAMPAIGN, NAME, Case, Sandbox
from hostile_code import CODE
from hostile_data import DATA
from hostile_exports import STRANGERS
from hostile_records import RECORDS

MEMORY_MIB = 300
"""Most memory beyond that of the same command on a good file."""
SECONDS = 30.0
"""Longest time of a row; two cores that are busy otherwise."""
CEILING_MIB = 10_000
"""Address space beyond which a command's allocations fail, so that a hole does not take the machine with it."""
SCREEN = 8_000
"""Most characters of a refusal."""
COMMAND = [sys.executable, "-c", "from tuning.cli.app import main; main()"]
SHOWN = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command did.  code: negative of a signal;  memory_mib: peak of the process."""

    code: int
    output: str
    memory_mib: float
    seconds: float

    @property
    def first_line(self) -> str:
        """The first line of the message."""
        lines = [line for line in self.output.splitlines() if line.startswith(("seqtune:", "Traceback", "Error"))]
        return next(iter(lines or self.output.splitlines()), "")


def run(arguments: Sequence[str], work: Path) -> Outcome:
    """Run a command; the kernel says what its process took."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}
    for name in ("SEQTUNE_HOME", "SEQTUNE_DATASETS", "MLFLOW_TRACKING_URI"):
        environment.pop(name, None)
    begin = time.perf_counter()
    with (work.parent / "output").open("w+b") as output:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_limited,  # noqa: PLW1509 - one thread here
        )
        code, usage = _wait(process, begin + SECONDS + 5)
        seconds = time.perf_counter() - begin
        output.seek(0)
        text = output.read(10 * SCREEN).decode(errors="replace")
    return Outcome(code=code, output=text, memory_mib=usage.ru_maxrss / 1024, seconds=seconds)


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (CEILING_MIB * 2**20, CEILING_MIB * 2**20))


def _wait(process: "subprocess.Popen[bytes]", deadline: float) -> tuple[int, resource.struct_rusage]:
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)  # else Popen would wait for it again
            return process.returncode, usage
        if time.perf_counter() > deadline:
            process.kill()
            deadline += 60.0
        time.sleep(0.01)


def template(folder: Path) -> Path:
    """Make a campaign with its journal, store and export; return its folder."""
    from benchmark_data import write_table

    folder.mkdir(parents=True)
    write_table(folder / "table.csv")
    (folder / "good.toml").write_text(CAMPAIGN)
    for command in (["launch", "good.toml"], ["export", NAME, "--out", "export.json"]):
        made = subprocess.run(
            [*COMMAND, *command, "--home", "home"], cwd=folder, capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise RuntimeError(f"{command}: {made.stderr}")
    shutil.rmtree(folder / "home" / "arrays")  # a launch reads the table again
    return folder


def sandbox(folder: Path, made: Path) -> Sandbox:
    """Copy the template.  Paths in its MLflow store are absolute."""
    work = folder / "work"
    shutil.copytree(made, work)
    (folder / "secret.txt").write_text("a file of the user\n")
    place = Sandbox(work=work)
    place.sql(
        *(
            f"UPDATE {table} SET {column} = replace({column}, '{made}', '{work}')"
            for table, column in (("runs", "artifact_uri"), ("experiments", "artifact_location"))
        )
    )
    shutil.move(work / "campaigns-before", place.home / "campaigns")
    return place


def files(folder: Path, *, without: Path | None = None) -> dict[str, tuple[int, int]]:
    """Return path -> size and time of change."""
    found = {}
    for path in folder.rglob("*"):
        if without is None or not path.is_relative_to(without):
            state = path.lstat()
            if not path.is_dir():
                found[str(path.relative_to(folder))] = (state.st_size, state.st_mtime_ns)
    return found


def faults(case: Case, outcome: Outcome, baseline: float, written: Sequence[str], added: Sequence[str]) -> list[str]:
    """Return what is wrong."""
    wrong = []
    if "Traceback" in outcome.output or "This is a bug" in outcome.output:
        wrong.append("traceback")
    if outcome.code < 0:
        wrong.append(f"signal {-outcome.code}")
    elif outcome.code not in case.codes:
        wrong.append(f"exit code {outcome.code}")
    if written:
        wrong.append(f"wrote {', '.join(written)}")
    if added and outcome.code == 2:  # noqa: PLR2004 - refused
        wrong.append(f"left {', '.join(added)}")
    if outcome.code and len(outcome.output) > SCREEN:
        wrong.append("a message of many screens")
    if outcome.memory_mib > baseline + MEMORY_MIB:
        wrong.append(f"{outcome.memory_mib - baseline:,.0f} MiB beyond a good file")
    if outcome.seconds > SECONDS:
        wrong.append("too long")
    return wrong


BASELINES: Mapping[str, Sequence[str]] = {
    "launch": ("launch", "good.toml"),
    "status": ("status", NAME),
    "top": ("top", NAME),
    "compare": ("compare", NAME, "--factor", "dropout"),
    "export": ("export", NAME, "--out", "out.json"),
    "reproduce": ("reproduce", "export.json", "--rank", "1"),
    "adopt": ("adopt", NAME, "--tracking-uri", "sqlite:///home/mlflow.db", "--home", "other"),
    "repair": ("repair", NAME),
    "delete": ("delete", NAME, "--yes"),
}
"""Command -> the same on good files."""


def baselines(root: Path, made: Path, wanted: Sequence[str]) -> dict[str, float]:
    """Return each command's peak memory on good files, MiB."""
    peaks = {}
    for verb in sorted(set(wanted)):
        folder = root / f"baseline-{verb}"
        folder.mkdir()
        place = sandbox(folder, made)
        arguments = [*BASELINES[verb]]
        outcome = run(arguments if "--home" in arguments else [*arguments, "--home", "home"], place.work)
        if outcome.code not in (0, 1):
            raise RuntimeError(f"{arguments}: {outcome.output}")
        peaks[verb] = outcome.memory_mib
        shutil.rmtree(folder)
    return peaks


def cell(text: str) -> str:
    """Return a text for a cell of a Markdown table."""
    return html.escape(text, quote=False).replace("`", "&#96;").replace("|", "\\|")


def main() -> int:
    """Run the rows; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="rows whose area or text has this word")
    parser.add_argument("--verbose", action="store_true", help="print what each failed command printed")
    options = parser.parse_args()
    cases = [
        case
        for case in (*RECORDS, *STRANGERS, *CODE, *DATA)
        if options.only.lower() in f"{case.area} {case.tried}".lower()
    ]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="seqtune-hostile-") as scratch:
        root = Path(scratch)
        made = template(root / "template")
        verbs: dict[int, str] = {}
        peaks: dict[str, float] = {}
        print("| area | what is tried | command | code | message | MiB | s | |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for number, case in enumerate(cases):
            folder = root / f"c{number}"
            folder.mkdir()
            place = sandbox(folder, made)
            arguments = case.make(place)
            verb = verbs.setdefault(number, arguments[0])
            if verb not in peaks:
                peaks |= baselines(root, made, [verb])
            before = files(folder, without=place.home)
            campaigns = set(files(place.home / "campaigns"))
            outcome = run([*arguments, "--home", "home"], place.work)
            ignored = {"output", "work/out.json"}
            after = files(folder, without=place.home)
            written = sorted(name for name in after if after[name] != before.get(name) and name not in ignored)
            written += sorted(f"{name} (removed)" for name in before if name not in after)
            added = sorted(set(files(place.home / "campaigns")) - campaigns)
            wrong = faults(case, outcome, peaks[verb], written, added)
            failed += bool(wrong)
            message = outcome.first_line.replace(str(place.work), ".")
            message = cell(message if len(message) <= SHOWN else f"{message[:SHOWN]}...")
            print(
                f"| {case.area} | {case.tried} | {verb} | {outcome.code} | {message} | {outcome.memory_mib:.0f} | "
                f"{outcome.seconds:.1f} | {'; '.join(wrong) or 'ok'} |",
                flush=True,
            )
            if wrong and options.verbose:
                print(outcome.output[-2000:], file=sys.stderr)
            shutil.rmtree(folder)
        good = ", ".join(f"{verb} {peak:.0f}" for verb, peak in sorted(peaks.items()))
        print(f"\n{len(cases)} rows, {failed} failed. Memory on good files, MiB: {good}.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
