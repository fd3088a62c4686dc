"""Ray for the time of one launch: on this machine, private to the user, or a cluster that runs already; watched.

On this machine everything that Ray writes lies in a folder that nobody else may enter and that is removed afterwards.
All its servers listen on the loopback interface alone and ask for a token that only the processes of this launch have.
"""

from tuning.search import ray_settings

ray_settings.configure()  # before ray is imported

# isort: split

import concurrent.futures
import fcntl
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import ray
from ray.exceptions import RayError

from data.addresses import masked
from tuning.campaign.config import ResourceOptions
from tuning.campaign.errors import StoreError
from tuning.execution import cluster, stalled
from tuning.execution.driver import LaunchInterrupted
from tuning.execution.signals import STOP
from tuning.training.environment import COMMIT_VARIABLE

BY_USER = "interrupted by the user"
OBJECT_STORE_BYTES = 128 * 2**20
"""Little goes through Ray's object store: arrays are mapped from the disk."""
SILENCE_S = 300.0
"""After so long without a report and without a worker that trains, Ray is taken for dead."""
LEAVE_S = 2.0
"""So long Ray may take to leave a cluster that is lost."""
_PREFIX = "seqtune-ray-"
_LONGEST_FOLDER = 107 - len("/seqtune-ray-12345678/r/session_2026-11-21_20-30-54_703980_4194304/sockets/plasma_store")
"""Characters of a folder for temporary files; Linux takes no longer path of a socket than 107."""
_SECRET = re.compile(r"passw|secret|token|credential|api_?key|access_?key|private_?key", re.IGNORECASE)


class State(NamedTuple):
    """How far a launch is.  trials: under way;  idle_s: seconds since the last report."""

    trials: int
    idle_s: float


@contextmanager
def session(resources: ResourceOptions, address: str | None = None) -> Iterator[Path]:
    """Ray for one launch, and a private folder.  Ray that runs in this process already is used, and goes on running.

    address: of a cluster; None for Ray of our own on this machine.

    Raises:
        CampaignError: the cluster cannot be joined.
        LaunchInterrupted: a signal came while Ray was starting, or Ray did not start.
        StoreError: no folder can be written for Ray's files, or Ray has died in this process before.
    """
    with _private_folder() as folder:
        if ray.is_initialized():
            if name := dead_process():
                raise StoreError(f"Ray's process {name} has ended, and Ray cannot start twice. Start a new process")
            yield folder
            return
        stop_if_requested()  # importing Ray took seconds
        lost = False
        try:
            try:
                _start(resources, folder, address)
            except SystemExit:  # Ray's own handler of SIGTERM, in place for a moment while Ray starts
                raise LaunchInterrupted("user", BY_USER) from None
            STOP.install()
            stop_if_requested()
            yield folder
        except LaunchInterrupted as interruption:
            lost = interruption.cause == "ray"
            raise
        finally:
            if lost:
                if address is not None:
                    _leave()
                _kill(folder)
            else:
                ray.shutdown()


def supervise(fit: Callable[[], object], *, state: Callable[[], State], on_cluster: bool) -> None:
    """Run ``fit`` to its end, unless Ray dies; on this machine kill workers that hang.

    ``fit`` runs in a thread of its own, as a call into a lost GCS never returns.

    Raises:
        LaunchInterrupted: one of Ray's processes ended, or nothing happens any more; else what ``fit`` raises.
    """
    future: concurrent.futures.Future[object] = concurrent.futures.Future()

    def run() -> None:
        try:
            future.set_result(fit())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            future.set_exception(error)

    threading.Thread(target=run, name="ray-tune", daemon=True).start()
    watch = _watch_cluster() if on_cluster else _watch_machine(state)
    while not concurrent.futures.wait([future], timeout=stalled.POLL_S).done:
        if reason := next(watch):
            raise LaunchInterrupted("ray", reason)
    problem = future.exception()  # Ray's own may be there before the watch has seen what it comes of
    if isinstance(problem, (OSError, RayError)) and (reason := next(watch)):
        raise LaunchInterrupted("ray", reason) from problem
    future.result()


def stop_if_requested() -> None:
    """Raise LaunchInterrupted after a signal."""
    if STOP.requested:
        raise LaunchInterrupted("user", BY_USER)


def dead_process() -> str | None:
    """Return the name of a process without which Ray does not work and that has ended; None while all live."""
    node = ray._private.worker._global_node  # noqa: SLF001 - no public way to it
    dead = node.dead_processes() if node is not None else []
    return next((name for name, _ in dead if name in {"gcs_server", "raylet"}), None)


def secret_variables(environment: Mapping[str, str]) -> Iterable[str]:
    """Return the names of the variables that look like passwords, tokens or keys, or hold an address with one.

    Workers get them empty: they train, and need none.
    """
    return [
        name
        for name, value in environment.items()
        if name != "RAY_AUTH_TOKEN" and (_SECRET.search(name) or masked(value) != value)
    ]


def _watch_machine(state: Callable[[], State]) -> Iterator[str | None]:
    """Kill workers that hang; yield every time why the launch must end, or None."""
    workers = stalled.Workers(psutil.Process(), stalled_s=stalled.STALLED_S)
    while True:
        now = state()
        training = workers.kill_stalled(now.trials)
        if (name := dead_process()) is not None:
            yield f"Ray's process {name} ended unexpectedly (killed, or out of memory?)"
        elif not training and now.idle_s > SILENCE_S:
            yield f"no report and no worker that trains for {SILENCE_S:.0f} s"
        else:
            yield None


def _watch_cluster() -> Iterator[str | None]:
    """Yield every time why the launch must end, or None.

    Ray itself finds nodes and workers that are lost, and a process on each node those that hang.
    """
    head = cluster.Head()
    while True:
        yield head.lost()


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder for Ray's files that only this user may enter.  Removed afterwards, after a kill by a later launch."""
    try:
        parent = tempfile.gettempdir()
        parent = parent if len(parent) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108 - the folder in it is private
        _remove_abandoned(Path(parent))
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = (folder / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise StoreError(
            f"no folder for Ray's temporary files can be made: {error}. Free some space, or name another folder by the "
            "environment variable TMPDIR"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of launches that were killed: ours, and locked by nobody."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with (folder / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


def _start(resources: ResourceOptions, folder: Path, address: str | None) -> None:
    empty = folder / "empty"
    empty.mkdir()
    # Ray prints the last lines of a lost process's log to standard output, also where that is --json.
    ray._private.worker.print_to_stdstream = lambda *_, **__: None  # noqa: SLF001 - no public way to it
    runtime_env: dict[str, Any] = {
        # Otherwise workers look for packages in the user's folder first, and may well find a `data` there.
        "working_dir": str(empty),
        "env_vars": {
            **dict.fromkeys(secret_variables(os.environ), ""),
            **{name: os.environ[name] for name in (COMMIT_VARIABLE,) if name in os.environ},
        },
    }
    if address is not None:
        cluster.join(address, runtime_env)
        return
    # torch makes this folder otherwise under a name that anybody can know before.
    runtime_env["env_vars"]["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "inductor")
    try:
        ray.init(
            address="local",
            # Ray opens this folder to everybody, but not the one around it.
            _temp_dir=str(folder / "r"),
            runtime_env=runtime_env,
            num_cpus=resources.concurrency * resources.threads,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            object_store_memory=OBJECT_STORE_BYTES,
        )
    except Exception as error:  # after 30 s Ray raises a bare Exception
        reason = " ".join(str(error).split()).split(". ")[0] or type(error).__name__
        raise LaunchInterrupted(
            "ray", f"Ray did not start, as happens on an overloaded machine: {reason.rstrip('.')}"
        ) from error


def _leave() -> None:
    """Leave a cluster that is lost: some seconds after its node on this machine has ended, Ray ends this process too.

    Where the head is lost, Ray's shutdown may not return, and is left to itself.
    """
    shutdown = threading.Thread(target=ray.shutdown, name="ray-shutdown", daemon=True)
    shutdown.start()
    shutdown.join(LEAVE_S)


def _kill(folder: Path) -> None:
    """End Ray's processes without asking Ray: ``ray.shutdown`` waits for what is lost, and so does Python's own end.

    folder: named in the commands of Ray's servers, which are all that there is of a Ray that did not start.
    """
    workers = [worker.pid for worker in stalled.workers_below(psutil.Process())]
    node = ray._private.worker._global_node  # noqa: SLF001 - no public way to it
    if node is not None:
        node.kill_all_processes(check_alive=False)
    for pid in workers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    servers = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if any(str(folder) in word for word in process.cmdline()):
                process.kill()
                servers.append(process)
    psutil.wait_procs(servers, timeout=5)  # they write to the folder, which is removed next
