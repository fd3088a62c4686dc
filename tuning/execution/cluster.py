"""A Ray cluster that runs already: joining it, and checking that its nodes give the bits that this machine gives.

The driver must run on a node of the cluster, if only one without CPUs: ``ray start --address=HOST:PORT --num-cpus=0``.
"""

import errno
import socket
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from tuning.search import ray_settings

ray_settings.configure()  # before ray is imported

# isort: split

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from tuning.campaign.config import ResourceOptions
from tuning.campaign.errors import CampaignError
from tuning.training.environment import Environment, code_sha256, current, differences

ANSWER_S = 10.0
"""Within which an address must answer."""
DESCRIBE_S = 120.0
"""Within which a node must start a process and import torch."""
ASK_S = 5.0
"""Between two looks at the head."""
LOST_S = 30.0
"""A head that takes no connection for so long is lost."""
SILENT_S = 120.0
"""So is one that takes connections but answers none for so long: it hangs."""
NAMED = 10
"""A message names no more nodes than these."""
HARDWARE = ("processor", "isa", "platform")
"""Fields of an environment that may differ between nodes, by choice."""


class Head:
    """The head of a cluster and the Ray node of this machine, as far as they answer."""

    def __init__(self) -> None:
        """Those of the cluster that this process has joined."""
        worker = ray._private.worker  # noqa: SLF001 - no public way to ask with a limit of time
        self.address = ray.get_runtime_context().gcs_address
        self.client = worker.global_worker.gcs_client
        self.raylet = worker._global_node.raylet_socket_name  # noqa: SLF001
        self.asked = self.reached = self.answered = time.monotonic()

    def lost(self) -> str | None:
        """Return why the cluster is taken for lost, or None."""
        now = time.monotonic()
        if now - self.asked > ASK_S:
            self.asked = now
            if _answers(self.address):
                self.reached = now
                with suppress(RayError):
                    self.client.internal_kv_exists(b"seqtune", None, timeout=ANSWER_S)
                    self.answered = now
        if now - self.reached > LOST_S or now - self.answered > SILENT_S:
            return f"the head of the Ray cluster at {self.address} does not answer"
        with socket.socket(socket.AF_UNIX) as raylet:
            ended = raylet.connect_ex(self.raylet) in {errno.ECONNREFUSED, errno.ENOENT}
        return "the Ray node of this machine has ended" if ended else None


def join(address: str, runtime_env: dict[str, Any]) -> None:
    """Connect this process to a cluster.

    address: ``auto`` for the cluster of the Ray node on this machine, or its head's HOST:PORT.

    Raises:
        CampaignError: no cluster answers, this machine is no node of it, or it has other versions of Ray or Python.
    """
    if address != "auto" and not _answers(address):
        raise CampaignError(f'resources.address = "{address}": no Ray cluster answers there. {_ADVICE}')
    try:
        ray.init(address=address, runtime_env=runtime_env, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError, RayError, TimeoutError) as error:
        reason = " ".join(str(error).split())  # of other versions: six lines
        raise CampaignError(
            f'resources.address = "{address}": cannot join the Ray cluster: {reason}. {_ADVICE}'
        ) from error


_ADVICE = (
    "Is its head running (ray start --head), this machine one of its nodes (ray start --address=HOST:PORT "
    "--num-cpus=0), and RAY_AUTH_TOKEN the same? Leave resources.address out to run on this machine alone"
)


def needed(resources: ResourceOptions, *, on_cluster: bool) -> dict[str, float]:
    """Return what a trial takes of a node, in Ray's words."""
    needs = {"CPU": float(resources.threads)}
    if resources.device == "cuda":
        needs["GPU"] = resources.gpus or (1.0 if on_cluster else 1 / resources.concurrency)
    return needs


def check_nodes(resources: ResourceOptions, known: Collection[str] = ()) -> dict[str, list[str]]:
    """Return the nodes that can take a trial, by Ray's id, with what is worth knowing of each.

    known: ids of nodes that were checked before, and are left out.

    Raises:
        CampaignError: no node can take one, or one that can has other code, other versions, or, unless
            ``resources.mixed_processors`` is set, another processor than this machine.
    """
    wanted = needed(resources, on_cluster=True)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    new = [node for node in fitting(nodes, wanted) if node["NodeID"] not in known]
    if known and not new:
        return {}
    described = _described(new)
    if not described and not known:
        raise CampaignError(
            f"no node of the Ray cluster can take a trial, which needs {in_words(wanted)}: it has "
            f"{nodes_in_words(nodes)}. Lower resources.threads or resources.gpus, or add a node"
        )
    here, notes = (current(), code_sha256()), {}
    for node, environment, code in described:
        where = f"node {node['NodeManagerAddress']}"
        if code != here[1]:
            raise CampaignError(f"{where} has other code of seqtune than this machine. Install the same there")
        hardware = [line for line in differences(here[0], environment) if line.startswith(HARDWARE)]
        others = [line for line in differences(here[0], environment) if not line.startswith((*HARDWARE, "threads"))]
        if others:
            raise CampaignError(
                f"{where} differs from this machine: {'; '.join(others)}. Install the same versions there"
            )
        if hardware and not resources.mixed_processors:
            raise CampaignError(
                f"{where} differs from this machine, so that its trials may have other bits: {'; '.join(hardware)}. "
                "Leave that node out, or accept it with resources.mixed_processors = true"
            )
        notes[node["NodeID"]] = [f"{where}: {line}" for line in hardware]
    return notes


_SAID: dict[str, tuple[Environment, str]] = {}
"""Node, by Ray's id -> what a process there has.  A first launch checks the nodes twice, and asking takes seconds."""


def _described(nodes: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], Environment, str]]:
    """Ask one process of each node what it has, unless it was asked before.

    A node that is lost meanwhile is left out.
    """
    asked = {
        node["NodeID"]: _describe.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote()
        for node in nodes
        if node["NodeID"] not in _SAID
    }
    found = []
    for node in nodes:
        name = node["NodeID"]
        try:
            if name in asked:
                text, code = ray.get(asked[name], timeout=DESCRIBE_S)
                _SAID[name] = Environment.model_validate_json(text), code
        except RayError as error:
            if not isinstance(error, RayTaskError) and _is_lost(name):
                continue
            reason = str(error).strip().splitlines()[-1]
            raise CampaignError(
                f"node {node['NodeManagerAddress']} cannot run trials: {reason}. Is seqtune installed there, with the "
                "same Python?"
            ) from error
        found.append((node, *_SAID[name]))
    return found


def _is_lost(name: str) -> bool:
    """Return whether a node is lost, or soon: Ray takes some seconds to be sure of it."""
    deadline = time.monotonic() + LOST_S
    while name in {node["NodeID"] for node in ray.nodes() if node["Alive"]}:
        if time.monotonic() > deadline:
            return False
        time.sleep(1.0)
    return True


@ray.remote(num_cpus=0, max_retries=0)  # type: ignore[untyped-decorator]
def _describe() -> tuple[str, str]:
    return current().model_dump_json(), code_sha256()


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=ANSWER_S):
            return True
    except (OSError, ValueError):
        return False


def fitting(nodes: Sequence[dict[str, Any]], wanted: dict[str, float]) -> list[dict[str, Any]]:
    """Return those of Ray's nodes that can take a trial.  wanted: what it takes, in Ray's words."""
    return [node for node in nodes if all(node["Resources"].get(kind, 0) >= count for kind, count in wanted.items())]


def in_words(resources: dict[str, float]) -> str:
    """Return resources in words: ``2 CPU, 0.5 GPU``."""
    kinds = ", ".join(f"{resources[kind]:g} {kind}" for kind in ("CPU", "GPU") if resources.get(kind, 0))
    return kinds or "neither CPU nor GPU"


def nodes_in_words(nodes: Sequence[dict[str, Any]]) -> str:
    """Return the addresses of nodes and what they have, in words."""
    named = [f"{node['NodeManagerAddress']} with {in_words(node['Resources'])}" for node in nodes[:NAMED]]
    named += [f"{len(nodes) - NAMED} more"] if len(nodes) > NAMED else []
    return "; ".join(named)
