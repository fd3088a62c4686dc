"""Where the campaigns of kill_matrix.py run, and what is killed there."""

import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Protocol

import psutil
from loopback_cluster import Cluster


class Place(Protocol):
    """A machine or a cluster."""

    victims: tuple[str, ...]
    served: tuple[str, ...]
    """Victims of campaigns with an MLflow server; the others have SQLite."""

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a launch."""
        ...

    def disturb(self, victim: str, process: subprocess.Popen[bytes], chance: random.Random) -> None:
        """Kill something that a launch needs; of several, a random one."""
        ...

    def mend(self, victim: str, home: Path) -> Path:
        """Make another launch possible; return the home that it has."""
        ...


class Machine:
    """This machine."""

    victims = ("driver", "worker", "server", "raylet", "gcs_server", "stopped worker")
    served = ("server",)

    @property
    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def disturb(self, victim: str, process: subprocess.Popen[bytes], chance: random.Random) -> None:
        if victim == "driver":
            process.kill()
        elif "worker" in victim:
            below = psutil.Process(process.pid).children(recursive=True)
            actors = [one for one in below if "Trainable" in (one.cmdline() or [""])[0]]
            if actors:
                chance.choice(actors).send_signal(signal.SIGKILL if victim == "worker" else signal.SIGSTOP)
        else:
            for one in psutil.Process(process.pid).children():
                if one.name() == victim:
                    one.kill()

    def mend(self, victim: str, home: Path) -> Path:  # noqa: ARG002 - as on a cluster
        return home


class Loopback:
    """A cluster of a head and two nodes.  A node that was killed is replaced while the launch goes on."""

    victims = ("worker", "node", "driver", "server", "head")
    served = ("server", "driver")

    def __init__(self) -> None:
        """Start it."""
        self.nodes = ["n1", "n2"]
        self.started = len(self.nodes)
        self.cluster = Cluster(*self.nodes)

    @property
    def environment(self) -> dict[str, str]:
        return self.cluster.environment | {"RAY_ADDRESS": self.cluster.address}

    def disturb(self, victim: str, process: subprocess.Popen[bytes], chance: random.Random) -> None:
        if victim == "driver":
            process.kill()
        elif victim == "node":
            self.started += 1
            self.cluster.remove(self.nodes.pop(chance.randrange(len(self.nodes))))
            self.nodes.append(f"n{self.started}")
            self.cluster.add(self.nodes[-1])
        elif victim == "head":
            for one in self.cluster.processes("gcs_server"):
                one.kill()
        elif actors := self.cluster.processes("Trainable"):
            chance.choice(actors).kill()

    def mend(self, victim: str, home: Path) -> Path:
        if victim == "head":  # a new one, at another address
            self.cluster.stop()
            self.cluster = Cluster(*self.nodes)
        elif victim == "driver":  # as on another machine
            home = home.rename(home.with_name("copy"))
        return home

    def stop(self) -> None:
        """End it."""
        self.cluster.stop()
