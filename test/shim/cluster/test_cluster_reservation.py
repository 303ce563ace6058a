"""Nodes of a real Ray cluster that are kept from its other users."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nightly import nightly
from ray_cluster import RayCluster
from ray_scene import ALONE, SECONDS, far_of, opened, where
from test_story import lines, statuses
from waiting import until

pytest.importorskip("ray")
pytestmark = pytest.mark.timeout(600)

_OTHER_USER = """
import sys, ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
ray.init(address="auto", log_to_driver=False)
@ray.remote(num_cpus=1)
class Job:
    def there(self): return True
own = ray.get_runtime_context().get_node_id()
[other] = [node["NodeID"] for node in ray.nodes() if node["NodeID"] != own]
there = NodeAffinitySchedulingStrategy(other, soft=False)
job = Job.options(scheduling_strategy=there).remote()
print(ray.get(job.there.remote()), flush=True)
sys.stdin.read()
"""

_SHARED_OUT = """
import ray
ray.init(address="auto", log_to_driver=False)
print(ray.available_resources().get("CPU", 0), flush=True)
"""


def program(cluster: RayCluster, text: str) -> subprocess.Popen[str]:
    """A driver of somebody else, on the head."""
    return subprocess.Popen(
        cluster.head.command([sys.executable, "-c", text]),
        env=cluster.head.environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@contextlib.contextmanager
def another_user(cluster: RayCluster) -> Iterator[None]:
    """Somebody has a CPU of the other node."""
    with program(cluster, _OTHER_USER) as driver:
        assert driver.stdin is not None and driver.stdout is not None
        assert driver.stdout.readline() == "True\n"
        yield
        driver.stdin.close()


def left(cluster: RayCluster) -> float:
    """CPUs that Ray would give to others."""
    with program(cluster, _SHARED_OUT) as driver:
        return float(driver.communicate()[0])


@nightly
def test_a_node_that_others_use_is_waited_for(cluster: RayCluster, home: Path) -> None:
    with opened(cluster, home) as session:
        session.cluster(cpu=1, ray=cluster.address, reserve=True)
        assert left(cluster) == 4
        session.add(lines, {"lr": [0.1, 0.05, 0.02, 0.01], "pause": 0.02, "steps": 900})
        [far] = far_of(session)
        with another_user(cluster):
            session.run(exclude=ALONE)
            until(lambda: "running" in statuses(session.state).values(), SECONDS)
            [node] = session.state["bridge"]["nodes"]
            assert node["reserved"] is False
            assert {place for places in where(session).values() for place in places} == {
                name for name in (each["id"] for each in session.state["nodes"]) if name != far
            }
        until(lambda: session.state["bridge"]["nodes"][0].get("reserved"), SECONDS)
        until(lambda: [far] in [places[-1:] for places in where(session).values()], SECONDS)
        assert left(cluster) == 0
        session.wait(check=True)
        session.leave_cluster()
    until(lambda: left(cluster) == 4, SECONDS)
