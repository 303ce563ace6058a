"""What a far node costs: messages, memory, files that are carried, tasks on it, and its loss.

Runs a Ray cluster of two nodes on this machine, each a network namespace where that is possible.
``--tasks 10`` has tasks of ten seconds; ``--rounds 100`` and ``--carry 100`` are shorter, and
``--no-losses`` leaves out the last.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
sys.path += [str(ROOT / "test" / "shim")]

import psutil  # noqa: E402
from carrying import carry  # noqa: E402
from exchange import exchange  # noqa: E402
from jupyterlab_saturn import Session  # noqa: E402
from losing import lose  # noqa: E402
from ray_cluster import HeadLauncher, RayCluster  # noqa: E402
from stage import named  # noqa: E402
from test_story import lines  # noqa: E402

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def memory(session: Session, cluster: RayCluster) -> None:
    """Tell what bridge and hands take, shared pages by share."""
    mib = 1 << 20
    [bridge] = named("jupyterlab_saturn.cluster", session)
    [hands] = cluster.nodes[1].processes("ray::Hands")
    taken = [each.memory_full_info().pss / mib for each in (bridge, hands)]
    say(
        f"memory (PSS): bridge {taken[0]:.0f} MiB on the session's node, "
        f"hands {taken[1]:.0f} MiB on each other"
    )


def attempts(session: Session) -> list[dict[str, Any]]:
    return [attempt for task in session.state["tasks"] for attempt in task["attempts"]]


def compare(session: Session, seconds: float, which: str, rates: list[float]) -> None:
    """Train two alike tasks that mostly sleep, one on each node."""
    session.add(lines, {"lr": rates, "pause": 0.1, "steps": int(seconds * 10)})
    session.profile()
    session.run(exclude=ALONE)
    session.wait(check=True)
    own = next(node["id"] for node in session.state["nodes"] if node.get("isOwn"))
    took = {
        attempt["node"]: attempt["endedAt"] - attempt["requestedAt"]
        for attempt in attempts(session)
    }
    assert len(took) == 2, "both tasks trained on one node"
    far = next(length for node, length in took.items() if node != own)
    share = 100 * (far / took[own] - 1)
    say(
        f"the {which} task of {seconds:g} s, from when it is asked for to its end: "
        f"{took[own]:.2f} s on the session's node, {far:.2f} s on the other ({share:+.1f} %)"
    )
    session.remove([task["spec"]["name"] for task in session.state["tasks"]], yes=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--tasks", type=float, default=30.0, help="seconds of a task")
    parser.add_argument("--carry", type=int, default=1000, help="megabytes of a checkpoint")
    parser.add_argument("--no-losses", action="store_true")
    parser.add_argument("--on-head", help=argparse.SUPPRESS)  # the address of its cluster
    options = parser.parse_args()
    if options.on_head:
        asyncio.run(exchange(options.on_head, options.rounds, say))
        asyncio.run(carry(options.on_head, options.carry, say))
        return
    with RayCluster() as cluster, tempfile.TemporaryDirectory(prefix="sat-bench-") as home:
        cluster.start()
        cluster.start()
        command = [sys.executable, __file__, "--on-head", cluster.address]
        sizes = [f"--rounds={options.rounds}", f"--carry={options.carry}"]
        environment = {**os.environ, **cluster.access, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run(
            cluster.head.command([*command, *sizes]),
            env=environment,
            check=True,
        )
        session = Session("bench", Path(home) / "saturn", launcher=HeadLauncher(cluster))
        try:
            session.cluster(cpu=1)
            begun = time.monotonic()
            session.cluster(cpu=1, ray=cluster.address)
            say(f"joined in {time.monotonic() - begun:.1f} s")
            memory(session, cluster)
            # A node learns from its first task what others will have to import.
            compare(session, options.tasks, "first", [0.1, 0.05])
            compare(session, options.tasks, "next", [0.04, 0.02])
            if cluster.isolated and not options.no_losses:
                lose(session, cluster, Path(home), say)
        finally:
            session.close()
            for agent in named("jupyterlab_saturn.agent", session):
                agent.terminate()
            psutil.wait_procs(named("jupyterlab_saturn", session), timeout=30)


if __name__ == "__main__":
    main()
