"""A Ray cluster on the loopback interface: a head without CPUs and nodes with one each, all on this machine."""

import json
import os
import subprocess
import sys
from contextlib import suppress

import psutil

TOKEN = "0123456789abcdef" * 4
_CLUSTER = """\
import json, sys
import ray
from ray.cluster_utils import Cluster
version, *names = sys.argv[1:]
ray.__version__ = version or ray.__version__
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
nodes = {name: cluster.add_node(num_cpus=1) for name in names}
print(json.dumps(cluster.address), flush=True)
for line in sys.stdin:
    name, environment = json.loads(line)
    if environment is None:
        cluster.remove_node(nodes.pop(name), allow_graceful=False)
    else:
        nodes[name] = cluster.add_node(num_cpus=1, env_vars=environment)
    print(json.dumps(name), flush=True)
"""


class Cluster:
    """A head and named nodes, in a process of their own.  Started at once."""

    def __init__(self, *names: str, version: str = "") -> None:
        """names: of the first nodes;  version: of Ray, which the head claims to be; the true one if empty."""
        self.environment = os.environ | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": TOKEN,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # loopback alone
            "RAY_USAGE_STATS_ENABLED": "0",
            # A node that was killed refuses connections, and is lost after 5 s; one that this machine leaves no time
            # for is not, other than by Ray's own defaults.
            "RAY_health_check_period_ms": "1000",
            "RAY_health_check_timeout_ms": "60000",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CLUSTER, version, *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment,
        )
        self.address: str = self._answer()

    def add(self, name: str, **environment: str) -> None:
        """Add a node.  environment: variables that it has beside those of the others."""
        self._order(name, environment)

    def remove(self, name: str) -> None:
        """Kill all processes of a node."""
        self._order(name, None)

    def processes(self, name: str) -> list[psutil.Process]:
        """Return its processes of a program, or its workers that say this of themselves, as "Trainable"."""
        found = []
        for one in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                command = (one.cmdline() or [""])[0]
                if one.name() == name or (command.startswith("ray::") and name in command):
                    found.append(one)
        return found

    def stop(self) -> None:
        """End all its processes."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.communicate()
        for one in below:
            with suppress(psutil.NoSuchProcess):
                one.kill()

    def _order(self, name: str, environment: dict[str, str] | None) -> None:
        self.process.stdin.write(json.dumps([name, environment]) + "\n")
        self.process.stdin.flush()
        self._answer()

    def _answer(self) -> str:
        return str(next(json.loads(line) for line in self.process.stdout if line.startswith('"')))
