"""What a launch does about the nodes of its cluster while trials run there.

All of it happens between two steps of Ray Tune, in Tune's thread: a call into a lost cluster never returns, and that
thread is abandoned then.
"""

from tuning.search import ray_settings

ray_settings.configure()  # before ray is imported

# isort: split

import time
from collections.abc import Callable, Collection
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from tuning.campaign.config import ResourceOptions
from tuning.execution import stalled
from tuning.execution.cluster import check_nodes, fitting, in_words, needed, nodes_in_words

ABSENT_S = 10.0
"""After so long without a running trial, and without a node that could take one, the launch says so."""
IDLE_S = 60.0
"""The same where a node could: a worker takes some seconds to start."""
REMIND_S = 300.0
"""At least so long after, and when it has waited twice as long, it says so again."""


class Nodes:
    """Checks nodes that join, finds workers that owe an answer, and says when a launch waits for nodes."""

    def __init__(self, resources: ResourceOptions, *, noted: Callable[[str], None]) -> None:
        """Begin without knowing any node.  noted: takes what the journal is to keep, which is also shown."""
        self.resources = resources
        self.noted = noted
        self.unchecked = True
        """Whether a trial may have begun on another node."""
        self._watches: dict[str, Any] = {}
        """Nodes that were checked, by Ray's id, with the actors that watch them."""
        self._heard: dict[str, float] = {}
        """Trials that were handed out, by Tune's id, with the time of their last message."""
        self._running: dict[str, Any] = {}
        """Those that have begun, as Tune's objects."""
        self._now = 0.0
        """Seconds that this process was running: steps after which it had been suspended count as one second."""
        self._stepped = time.monotonic()
        self._busy = 0.0
        """When a trial last ran, or none was to be run."""
        self._due = ABSENT_S
        """When the launch says what it waits for."""

    def check(self) -> None:
        """Check the nodes on which trials may have begun; before a report of theirs is taken.

        Raises:
            CampaignError: a node cannot run the trials.
        """
        if self.unchecked:
            for node, notes in check_nodes(self.resources, self._watches).items():
                self._watches[node] = _watched(node)
                for note in notes:
                    self.noted(note)
            self.unchecked = False

    def heard(self, trial: Any) -> None:
        """Take notice that a trial of Tune has begun, or has reported."""
        self._heard[trial.trial_id] = self._now
        self._running[trial.trial_id] = trial

    def step(self, live: Collection[str]) -> None:
        """Look for what is late.  live: ids of the trials that were handed out and have not ended."""
        before, self._stepped = self._stepped, time.monotonic()
        self._now += min(self._stepped - before, stalled.POLL_S)
        self._heard = {name: self._heard.get(name, self._now) for name in live}
        self._running = {name: trial for name, trial in self._running.items() if name in live}
        late = {name for name, since in self._heard.items() if self._now - since > stalled.STALLED_S}
        if late:
            self._heard |= dict.fromkeys(late, self._now)
            self._ask_after(late)
        if self._running or not live:
            self._busy, self._due = self._now, self._now + ABSENT_S
        elif self._now > self._due:
            self._tell(len(live))

    def _ask_after(self, late: set[str]) -> None:
        """Tell the nodes which workers the launch waits for: those that are not at work there hang."""
        handles = [trial.temporary_state.ray_actor for name, trial in self._running.items() if name in late]
        owing = {handle._actor_id.hex() for handle in handles if handle is not None}  # noqa: SLF001 - no public way
        for name, actor in _actors().items():
            # While a trial waits to begin, every worker without one is about to take it.
            owes = name in owing or not set(late) <= self._running.keys()
            watch = self._watches.get(actor["Address"]["NodeID"])
            if owes and watch is not None and "Trainable" in actor["ActorClassName"]:
                watch.owes.remote(actor["Pid"])

    def _tell(self, trials: int) -> None:
        """Say what the trials need and which nodes there are, unless their workers may just be starting."""
        wanted = needed(self.resources, on_cluster=True)
        nodes = [node for node in ray.nodes() if node["Alive"]]
        waited = self._now - self._busy
        fit = fitting(nodes, wanted)
        if fit and waited <= IDLE_S:
            self._due = self._now + ABSENT_S
            return
        what = "They may be in use by others, or slow" if fit else "No node has that: add one"
        text = (
            f"no trial has run for {waited:.0f} s; {trials} wait. Each needs {in_words(wanted)} of one node. The Ray "
            f"cluster has {nodes_in_words(nodes)}. {what}. Ctrl-C ends the launch; the same command resumes it"
        )
        self.noted(text)
        self._due = self._now + max(waited, REMIND_S)


def _watched(node: str) -> Any:
    """Start to kill this launch's workers that hang on a node; return the actor that does, which ends with its handle.

    node: Ray's id.
    """
    node_watch: Any = stalled.NodeWatch  # made an actor class by Ray
    where = NodeAffinitySchedulingStrategy(node, soft=False)
    return node_watch.options(scheduling_strategy=where).remote(stalled.STALLED_S)


def _actors() -> dict[str, Any]:
    """Return the actors of this launch that have started, by Ray's id."""
    job = ray.JobID(bytes.fromhex(ray.get_runtime_context().get_job_id()))
    actors: dict[str, Any] = ray._private.state.actors(job_id=job, actor_state_name="ALIVE")  # noqa: SLF001 - Ray's public way needs its dashboard
    return actors
