"""That clusters of tests leave nothing behind, however the tests end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ray_cluster import RayCluster, may_use_namespaces
from ray_cluster_guard import MARK, living
from waiting import until

_MAKES_ONE = f"""
import json, os, subprocess, time
from ray_cluster import RayCluster
cluster = RayCluster()
environment = os.environ | {{"{MARK}": cluster.id + "-1"}}
subprocess.Popen(["sleep", "600"], env=environment, start_new_session=True)
print(json.dumps([cluster.id, str(cluster.folder)]), flush=True)
time.sleep(600)
"""


def namespaces(cluster: str) -> list[Path]:
    return list(Path("/var/run/netns").glob(f"{cluster}-*"))


def test_nothing_is_left_of_a_test_that_was_killed() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _MAKES_ONE]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        cluster, folder = json.loads(made.stdout.readline())
        assert len(list(living(cluster))) == 1
        assert bool(namespaces(cluster)) == may_use_namespaces()
        made.kill()
    until(lambda: not Path(folder).exists())
    assert list(living(cluster)) == []
    assert namespaces(cluster) == []


def test_nothing_is_left_where_a_node_does_not_start() -> None:
    with pytest.raises(RuntimeError), RayCluster() as cluster:
        cluster.start(before="exit 1")
    assert not cluster.folder.exists()
    assert cluster.processes() == []
    assert namespaces(cluster.id) == []
