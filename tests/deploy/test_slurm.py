"""The scripts of deploy/slurm on a real Slurm: a controller and two nodes as processes on loopback."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from factories import csv_table
from tracking_stores import free_port

from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord
from tuning.training.results import MEASURED

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = sorted((ROOT / "deploy" / "slurm").glob("*.sbatch"))
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "scancel")
TIMEOUT_S = 480
CONFIGURATION = """\
ClusterName=seqtune
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1
KillWait=5
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs={cpus} RealMemory=1000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs={cpus} RealMemory=1000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
CAMPAIGN = """\
name = "queued"
seed = 5
[data]
dataset = "{table}"
[space]
name = "cnn2d"
fix = {{ hidden = 62, layers = 2, blocks = 1 }}
[search]
trials = 3
window = 2
[train]
epochs = 10
"""


def wait(until: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not until():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


class Slurm:
    """Its processes and commands."""

    def __init__(self, folder: Path) -> None:
        """Start munge, the controller and two nodes."""
        self.folder = folder
        for name in ("state", "spool-n1", "spool-n2", "munge"):
            (folder / name).mkdir(mode=0o700)
        key = folder / "munge" / "key"
        key.write_bytes(os.urandom(256))
        key.chmod(0o400)
        (folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                host=socket.gethostname().partition(".")[0],
                folder=folder,
                ports=[free_port() for _ in range(3)],
                cpus=os.cpu_count(),
            )
        )
        self.environment = os.environ | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }
        names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        options = [f"--{option}={folder / 'munge' / name}" for option, name in names.items()]
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("munged", "--foreground", "--force", *options)
        wait((folder / "munge" / "socket").exists, "munge")
        self._start("slurmctld", "-D")
        self._start("slurmd", "-D", "-N", "n1")
        self._start("slurmd", "-D", "-N", "n2")
        wait(lambda: self.run("sinfo", "--noheader", "--states=idle", "--format=%D").strip() == "2", "two idle nodes")

    def _start(self, *command: str) -> None:
        with (self.folder / f"{'-'.join(command[:1] + command[2:])[:20].replace('/', '')}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))

    def run(self, *command: str) -> str:
        """Run one of Slurm's commands; return what it prints."""
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        return done.stdout

    def submit(self, script: Path, file: Path, home: Path, *options: str) -> str:
        """Submit a script for a campaign file; return the job's number."""
        output = f"--output={home.parent / 'job.log'}"
        words = [
            "sbatch",
            "--parsable",
            output,
            "--mem=0",
            "--cpus-per-task=1",
            *options,
            str(script),
            str(file),
            "--home",
            str(home),
        ]
        return self.run(*words).strip()

    def state(self, job: str) -> str:
        """Return a job's state."""
        shown = self.run("scontrol", "show", "job", job)
        return shown.partition("JobState=")[2].partition(" ")[0]

    def stop(self) -> None:
        """End what runs, the last first."""
        self.run("scancel", "--user=root")
        for process in reversed(self.processes):
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or os.getuid() != 0:
        pytest.skip(f"Slurm is started by root with munge: {', '.join(missing) or 'root'} is missing here")
    with tempfile.TemporaryDirectory(prefix="seqtune-slurm-") as folder:
        running = Slurm(Path(folder))
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    path = folder / "queued.toml"
    path.write_text(CAMPAIGN.format(table=csv_table(folder / "table.csv")))
    return path


def contents(record: CampaignRecord) -> object:
    return [
        (
            trial.config,
            [report.model_copy(update={"seconds": 0.0}) for report in trial.epochs],
            trial.result and trial.result.model_dump(exclude=MEASURED),
        )
        for _, trial in sorted(record.trials.items())
    ]


@pytest.fixture(scope="module")
def alone(file: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    home = tmp_path_factory.mktemp("alone")
    program = "from tuning.cli.app import main; main()"
    subprocess.run(
        [sys.executable, "-c", program, "launch", str(file), "--home", str(home)], check=True, capture_output=True
    )
    return contents(Home(home).record("queued"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_shell_accepts_the_script(script: Path) -> None:
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slurm
@pytest.mark.parametrize(
    ("name", "nodes"),
    [("one-node", 1), ("several-nodes", 2)],
)
def test_a_job_stops_before_its_limit_and_continues_from_the_queue(  # noqa: PLR0917 - fixtures
    slurm: Slurm, file: Path, alone: object, tmp_path: Path, name: str, nodes: int
) -> None:
    before = set(Path("/tmp").glob("ray-*"))  # noqa: S108 - where the script writes
    home = Home(tmp_path / "home")
    journal = home.journal("queued")
    job = slurm.submit(ROOT / "deploy" / "slurm" / f"{name}.sbatch", file, home.path, f"--nodes={nodes}")
    wait(lambda: journal.exists() and '"kind":"epoch"' in journal.read_text(), "an epoch")
    slurm.run("scancel", "--batch", "--signal=USR1", job)  # what --signal=B:USR1@180 does
    wait(lambda: "Restarts=1" in slurm.run("scontrol", "show", "job", job), "the job in the queue")
    assert [event.cause for event in home.record("queued").interruptions] == ["user"]
    wait(lambda: slurm.state(job) in ("COMPLETED", "FAILED", "CANCELLED"), "the end of the job")
    assert set(Path("/tmp").glob("ray-*")) == before  # noqa: S108 - where the script writes
    log = (tmp_path / "job.log").read_text()
    assert slurm.state(job) == "COMPLETED", log
    record = home.record("queued")
    assert len(record.launches) == 2
    assert contents(record) == alone


@pytest.mark.slurm
def test_a_cancelled_job_stops_and_is_not_queued_again(slurm: Slurm, file: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    journal = home.journal("queued")
    job = slurm.submit(ROOT / "deploy" / "slurm" / "one-node.sbatch", file, home.path)
    wait(lambda: journal.exists() and '"kind":"epoch"' in journal.read_text(), "an epoch")
    slurm.run("scancel", "--batch", "--signal=TERM", job)
    wait(lambda: slurm.state(job) not in ("RUNNING", "COMPLETING"), "the end of the job")
    shown = slurm.run("scontrol", "show", "job", job)
    assert "ExitCode=130:0" in shown
    assert "Restarts=0" in shown
    assert [event.cause for event in home.record("queued").interruptions] == ["user"]
