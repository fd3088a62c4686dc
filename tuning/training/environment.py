"""What a trial ran on, as far as it can change bits: versions, processor, instruction sets, threads."""

import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from data.machine import cores
from tuning.campaign.errors import CampaignError

PACKAGES = (
    *("seqtune", "torch", "numpy", "scikit-learn", "imbalanced-learn", "pandas", "ray", "hyperopt", "mlflow"),
    *("aeon", "numba"),  # extras: MiniRocket's arithmetic
    *("optuna", "scipy"),  # suggestions of optuna-tpe
)

ISA_VARIABLES = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR")
"""Each of these changes bits of trained weights where it is set."""

ISA_FLAGS = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_bf16", "neon", "sve")


MOST_THREADS, THREADS_PER_CORE = 64, 4
"""A launch or a reproduction starts at most so many threads: the first, or the second per core if that is more."""

COMMIT_VARIABLE = "SEQTUNE_COMMIT"
UNKNOWN = "unknown"
GIT_ATTEMPTS = 3


class Environment(BaseModel):
    """One process's environment; equal environments promise equal bits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    python: str
    packages: dict[str, str]
    platform: str
    processor: str
    isa: str
    """Torch's CPU capability, the processor's vector extensions, and the variables that limit them."""
    threads: int
    device: str
    commit: str | None = None
    """Git commit of the package's checkout, with + where it has changes; None of an installed package, ``UNKNOWN``
    where git does not answer."""


def differences(a: Environment, b: Environment, *, threads: bool = True) -> list[str]:
    """Name what differs between two environments, one line each, the commit left out.

    A package that ``a`` does not name was not there, so nothing that ran in ``a`` depends on it.  threads: whether they
    count.  A driver's do not: trials have those of ``resources.threads``.
    """
    lines = [
        f"{name}: {found} -> {b.packages.get(name, 'absent')}"
        for name, found in sorted(a.packages.items())
        if found != b.packages.get(name)
    ]
    lines += [
        f"{field}: {getattr(a, field)} -> {getattr(b, field)}"
        for field in ("python", "platform", "processor", "isa", *(("threads",) if threads else ()), "device")
        if getattr(a, field) != getattr(b, field)
    ]
    return lines


def check_device(device: str) -> None:
    """Raise CampaignError where the device is missing."""
    if device == "cpu":
        return
    import torch

    if not torch.cuda.is_available():
        why = "this torch is built without CUDA" if torch.version.cuda is None else "torch finds no GPU"
        raise CampaignError(
            f'resources.device = "{device}": {why}. Set resources.device = "cpu" (--set resources.device=cpu), or run '
            "on a machine with a GPU"
        )


def check_threads(threads: int, *, concurrency: int = 1) -> None:
    """Raise CampaignError where trials would have many times more threads than the machine has cores.

    Results depend on the number of threads, so a trial of a larger machine may have more of them than cores.
    """
    allowed = max(MOST_THREADS, THREADS_PER_CORE * cores())
    wanted = threads * concurrency
    if wanted > allowed:
        what = f"resources.threads = {threads}"
        if concurrency > 1:
            what = f"resources.concurrency = {concurrency} trials with resources.threads = {threads} each: {wanted}"
        raise CampaignError(
            f"{what} threads, on a machine with {cores()} cores; at most {allowed} are started "
            f"({MOST_THREADS}, or {THREADS_PER_CORE} per core if that is more). Lower them, or run on a larger machine"
        )


def current(device: str = "cpu") -> Environment:
    """Describe this process.  Call after the thread count is set; imports torch."""
    import torch

    processor = torch.cpu.get_capabilities()
    limits = [f"{name}={os.environ[name]}" for name in ISA_VARIABLES if name in os.environ]
    isa = [torch.backends.cpu.get_cpu_capability(), *(flag for flag in ISA_FLAGS if processor.get(flag)), *limits]
    return Environment(
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := _version(name))},
        platform=f"{platform.system()} {platform.machine()}",
        processor=str(processor.get("cpu_name", platform.processor())),
        isa=" ".join(isa),
        threads=torch.get_num_threads(),
        device=torch.cuda.get_device_name() if device == "cuda" else "cpu",
        commit=_commit(),
    )


@cache
def code_sha256() -> str:
    """Return one hash over all modules of the package, equal where trials run the same code."""
    digest = hashlib.sha256()
    for name in ("data", "models", "search_spaces", "tuning"):
        folder = Path(str(files(name)))
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{name}/{path.relative_to(folder).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def share_commit() -> None:
    """Let the processes that this one starts record the same commit, without asking git each."""
    if (found := _commit()) is not None:
        os.environ[COMMIT_VARIABLE] = found


@cache
def _commit() -> str | None:
    if shared := os.environ.get(COMMIT_VARIABLE):
        return shared
    here = Path(__file__).parent
    if not any((folder / ".git").exists() for folder in here.parents):
        return None
    for _ in range(GIT_ATTEMPTS):
        try:
            # The checkout must be ours: an installed package may lie inside somebody else's repository.
            if _git("ls-files", "environment.py", cwd=here) != "environment.py":
                return None
            head = _git("rev-parse", "--short=12", "HEAD", cwd=here)
            changed = _git("status", "--porcelain", "--untracked-files=no", cwd=here)
        except (OSError, subprocess.SubprocessError):
            continue
        return f"{head}+" if changed else head
    return UNKNOWN


def _git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words
        ["git", "--no-optional-locks", *arguments],  # noqa: S607 - git from the PATH, as everywhere
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return done.stdout.strip()
