"""A Ray cluster of several nodes on one machine, of tests and of the demo.

As root each node is a network namespace, joined to the others by a virtual switch, so that cables
can be pulled; else all are on the loopback interface. All that is started has a mark in its
environment, by which it is found and ended: `ray stop` would end every Ray on the machine. A guard
does that, also when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import ray_cluster_guard
from jupyterlab_saturn.agent.agent_launch import AgentPlace, agent_alive, ensure_agent
from jupyterlab_saturn.paths import SessionPaths
from ray_cluster_guard import MARK

_NET = "10.77.0"
_START_SECONDS = 300.0
_STARTS = 3
_STORE_BYTES = 80_000_000


def may_use_namespaces() -> bool:
    """Whether this process may make network namespaces."""
    if os.getuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"sat-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True)
    if made.returncode == 0:
        subprocess.run(["ip", "netns", "delete", name], check=True)
    return made.returncode == 0


@dataclass
class RayNode:
    """One node; `mark` is in the environment of all its processes."""

    mark: str
    address: str
    namespace: str | None
    folder: Path
    environment: dict[str, str] = field(repr=False)

    def command(self, command: Sequence[str]) -> list[str]:
        """A command that runs on this node."""
        return [*self._entering(), *command]

    def _entering(self) -> list[str]:
        return [] if self.namespace is None else ["ip", "netns", "exec", self.namespace]

    def processes(self, name: str = "") -> list[psutil.Process]:
        """What runs on it, agents and ranks included: all, or what has a name or is titled so."""
        found = []
        for process in ray_cluster_guard.living(self.mark):
            with contextlib.suppress(psutil.Error):
                title = " ".join(process.cmdline())
                if name == process.name() or title.startswith(name) or f" {name}" in title:
                    found.append(process)
        return found

    def kill(self, name: str) -> int:
        """Kill what `processes` finds by a name; how many that were."""
        victims = self.processes(name)
        for victim in victims:
            with contextlib.suppress(psutil.Error):
                victim.kill()
        return len(victims)

    def end(self) -> None:
        """Leave nothing running."""
        ray_cluster_guard.end(self.mark)

    def cut(self) -> None:
        """Pull its cable."""
        self._link("down")

    def mend(self) -> None:
        """Plug it in again."""
        self._link("up")

    def _link(self, state: str) -> None:
        assert self.namespace is not None
        subprocess.run([*self._entering(), "ip", "link", "set", "eth0", state], check=True)


class RayCluster:
    """Starts nodes, the first of which is the head, and ends them with itself.

    Parameters
    ----------
    token
        Whether it serves only who has its token; else it is open.
    namespaces
        Whether nodes are network namespaces; where that is possible when None.
    environment
        Further variables of all nodes.

    Attributes
    ----------
    id
        That the names of its namespaces, and the marks of what runs on it, begin with.
    """

    def __init__(
        self,
        *,
        token: bool = True,
        namespaces: bool | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sat-ray-"))
        self.isolated = may_use_namespaces() if namespaces is None else namespaces
        self.nodes: list[RayNode] = []
        self._more = environment or {}
        self.id = f"sat{os.getpid()}-{secrets.token_hex(2)}"
        self._guard = subprocess.Popen(
            [sys.executable, ray_cluster_guard.__file__, self.id, str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # an interruption from the keyboard is not for it
        )
        self.token = self.folder / "token"
        self.token.touch(0o600)
        self.token.write_text(secrets.token_hex(32))
        self.access = (
            {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(self.token)}
            if token
            else {"RAY_AUTH_MODE": "disabled"}
        )
        self._port = _free_port()
        if self.isolated:
            self._ip("link", "add", self._bridge, "type", "bridge", netns=self._switch)

    @property
    def address(self) -> str:
        """Of the head."""
        return f"{_NET}.1:{self._port}" if self.isolated else f"127.0.0.1:{self._port}"

    @property
    def head(self) -> RayNode:
        """The first node."""
        return self.nodes[0]

    @property
    def on_head(self) -> dict[str, str]:
        """Variables of what is to run on the head, let in and ended with the cluster."""
        return {**self.access, MARK: self.head.mark}

    def start(self, *, before: str = "", **variables: str) -> RayNode:
        """Start one more node, and wait until it is one.

        Parameters
        ----------
        before
            Shell command that is carried out on it first; what it mounts only the node sees.
        variables
            Environment of this node alone.
        """
        number = len(self.nodes) + 1
        namespace = f"{self.id}-{number}" if self.isolated else None
        folder = self.folder / str(number)
        for name in ("ray", "run", "state"):
            (folder / name).mkdir(0o700, parents=True)
        address = f"{_NET}.{number}" if self.isolated else "127.0.0.1"
        mark = f"{self.id}-{number}"
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("RAY_")},
            **self.access,
            **self._more,
            MARK: mark,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_raylet_start_wait_time_s": "50",
            # Ray steps back behind all else by 15: two nodes of one machine would not be alike.
            "RAY_worker_niceness": "0",
            # So that devices on one machine are those of two.
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_STATE_HOME": str(folder / "state"),
            "PYTHONPATH": os.pathsep.join(sys.path),
            **variables,
        }
        node = RayNode(mark, address, namespace, folder, environment)
        self.nodes.append(node)
        if namespace is not None:
            self._plug(namespace, address, number)
        joining = (
            ["--head", f"--port={self._port}", "--include-dashboard=false"]
            if number == 1
            else [f"--address={self.address}"]
        )
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", *joining]
        sizes = ["--num-cpus=2", f"--object-store-memory={_STORE_BYTES}", "--disable-usage-stats"]
        places = [f"--node-ip-address={address}", f"--temp-dir={folder / 'ray'}"]
        start = [*ray, *places, *(sizes if number == 1 else sizes[:2])]
        if before:
            start = ["sh", "-c", f"{before} && exec {shlex.join(start)}"]
        log = folder / "start.log"
        # A raylet ends itself when its dashboard agent, a Python program, is not up in 15 seconds.
        for _ in range(_STARTS):
            with log.open("wb") as output:
                started = subprocess.run(
                    node.command(start),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    timeout=_START_SECONDS,
                )
            if started.returncode == 0:
                return node
            node.end()
        raise RuntimeError(log.read_text())

    def processes(self) -> list[psutil.Process]:
        """All that runs on its nodes."""
        return [process for node in self.nodes for process in node.processes()]

    def end(self) -> None:
        """Leave nothing running, and nothing behind."""
        self._guard.communicate()

    def __enter__(self) -> RayCluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def _switch(self) -> str:
        return f"{self.id}-0"

    _bridge = "switch"

    def _plug(self, namespace: str, address: str, number: int) -> None:
        port = f"port{number}"
        self._ip("link", "set", "lo", "up", netns=namespace)
        peer = ["peer", "name", port, "netns", self._switch]
        self._ip("link", "add", "eth0", "type", "veth", *peer, netns=namespace)
        self._ip("addr", "add", f"{address}/24", "dev", "eth0", netns=namespace)
        self._ip("link", "set", "eth0", "up", netns=namespace)
        self._ip("link", "set", port, "master", self._bridge, "up", netns=self._switch)
        self._ip("link", "set", self._bridge, "up", netns=self._switch)

    def _ip(self, *words: str, netns: str) -> None:
        if not Path("/var/run/netns", netns).exists():
            subprocess.run(["ip", "netns", "add", netns], check=True)
        subprocess.run(["ip", "-n", netns, *words], check=True)


class HeadLauncher:
    """Starts the agents of sessions on a cluster's head, which is a machine like any other."""

    def __init__(self, cluster: RayCluster) -> None:
        self._variables = cluster.on_head
        self._python = cluster.folder / "python-on-head"
        words = shlex.join(cluster.head.command([sys.executable]))
        self._python.write_text(f'#!/bin/sh\nexec {words} "$@"\n', "utf-8")
        self._python.chmod(0o700)

    def ensure(self, paths: SessionPaths) -> str:
        """Endpoint of the session's engine."""
        place = AgentPlace(str(self._python), str(Path.cwd()), self._variables)
        return ensure_agent(paths, place=place)

    def alive(self, paths: SessionPaths) -> bool:
        """Whether there is an agent."""
        return agent_alive(paths)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
